"""Which languages we speak, which of them suits a person, and their words."""

import gettext
from collections.abc import Sequence
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.localedata import exists
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from notifier.i18n import shipped

LOCALES = ("pt_BR", "en", "es")
_BY_LANGUAGE = {"pt": "pt_BR", "en": "en", "es": "es"}


@lru_cache(maxsize=1024)
def match(locale: str | None, default: str = "en") -> str:
    """Return our language for a locale as people write it (`pt-PT` → `pt_BR`, `es_MX` → `es`), else `default`."""
    language = (locale or "").replace("-", "_").partition("_")[0].strip().lower()
    return _BY_LANGUAGE.get(language, default)


@lru_cache(maxsize=1024)
def formatting(locale: str, country: str = "") -> str:
    """
    Return the locale to write money and dates in: the words may be `es` while a Mexican's money is `es_MX`.

    A region named in the locale wins over the country; a region CLDR does not know for the language is left out.
    """
    parts = [part for part in locale.replace("-", "_").split("_") if part.isalnum() and part.isascii()]
    language = parts[0].lower() if parts else ""
    region = next((part.upper() for part in parts[1:] if len(part) in {2, 3}), country.upper())
    for candidate in (f"{language}_{region}", match(locale)):
        if region.isalnum() and region.isascii() and language and _known(candidate):
            return candidate
    return match(locale)


def translations(locale: str) -> gettext.NullTranslations:
    """
    Return the words of a locale: from its compiled catalog when that is up to date, else compiled in memory.

    A locale without a catalog speaks the msgids: English.
    """
    return _read(shipped.directory("locales"), locale)


def is_translated(locale: str, msgid: str) -> bool:
    """Say whether a locale's catalog has the text."""
    return msgid in _msgids(locale)


@cache
def _msgids(locale: str) -> frozenset[str]:
    path = shipped.directory("locales") / locale / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalog = read_po(file, locale=locale)
    said = [message for message in catalog if message.id and message.string and not message.fuzzy]
    return frozenset(form for message in said for form in _forms(message.id))


def _forms(msgid: str | Sequence[str]) -> Sequence[str]:
    return (msgid,) if isinstance(msgid, str) else msgid


@cache
def _read(directory: Path, locale: str) -> gettext.NullTranslations:
    source = directory / locale / "LC_MESSAGES" / "messages.po"
    compiled = source.with_suffix(".mo")
    if compiled.exists() and (not source.exists() or compiled.stat().st_mtime >= source.stat().st_mtime):
        with compiled.open("rb") as file:
            return gettext.GNUTranslations(file)
    if not source.exists():
        return gettext.NullTranslations()
    with source.open("rb") as file:
        catalog = read_po(file, locale=locale)
    memory = BytesIO()
    write_mo(memory, catalog)
    memory.seek(0)
    return gettext.GNUTranslations(memory)


def _known(identifier: str) -> bool:
    try:
        Locale.parse(identifier)
    except (UnknownLocaleError, ValueError, TypeError):
        return False
    return exists(identifier)
