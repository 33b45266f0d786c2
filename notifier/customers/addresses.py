"""Turn what a business wrote down as an email or a phone number into an address one can write to."""

import re
from functools import lru_cache

import phonenumbers
from msgspec import Struct
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

_MEXICAN_MOBILE = re.compile(r"^\s*\+52\s?1[\s-]?(\d[\d\s-]{8,12}\d)\s*$")


class Address(Struct, frozen=True):
    """An address, or (empty) the reason why what was written is none."""

    value: str
    problem: str = ""


@lru_cache(maxsize=20_000)
def email(written: str) -> Address:
    """Return the address in lower case, its domain in ASCII."""
    local, at, domain = written.strip().lower().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return Address("", "its domain cannot exist")
    labels = domain.split(".")
    if not at or not _LOCAL.fullmatch(local) or len(local) > 64:
        return Address("", "it is not of the form name@domain")
    if len(labels) < 2 or len(domain) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return Address("", "its domain cannot exist")
    return Address(f"{local}@{domain}")


@lru_cache(maxsize=20_000)
def phone(written: str, country: str) -> Address:
    """Return the number as E.164; a number without `+` is read as one of `country` (ISO 3166-1, or empty: unknown)."""
    try:
        number = phonenumbers.parse(_without_old_prefixes(written), country or None)
    except NumberParseException:
        return Address("", "it is no phone number" if country else "it has no country code, and no country is known")
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return Address("", "it is too short or too long for its country")
    # Whether somebody has the number, its provider knows: the ranges that are given out change faster than any list.
    return Address(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def _without_old_prefixes(written: str) -> str:
    # Mexico's mobile numbers lost the 1 after their country code in 2019; WhatsApp still writes it.
    return _MEXICAN_MOBILE.sub(r"+52\1", written)
