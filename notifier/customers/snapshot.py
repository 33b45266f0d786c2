"""Keep our copy of the customers up to date from what triggers and calls say of them."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from operator import attrgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, Struct, UnsetType
from sqlalchemy.orm import Session

from notifier.customers import addresses
from notifier.db import rows
from notifier.i18n.catalogs import LOCALES, match

_BEFORE_ANY = datetime(1, 1, 2, tzinfo=UTC)
_READERS = " ".join(LOCALES).encode()
"""The same words are read otherwise by those who speak other languages."""
_encode = msgspec.json.Encoder().encode


class Snapshot(Struct, frozen=True, kw_only=True):
    """The customer as somebody knew them at `as_of`; an unset field says nothing, None says there is none."""

    id: str
    as_of: datetime
    name: str | UnsetType | None = UNSET
    locale: str | UnsetType | None = UNSET
    timezone: str | UnsetType | None = UNSET
    country: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    attributes: dict[str, Any] | UnsetType | None = UNSET
    words: bytes | None = None
    """`digest` of what was said, where it will be said again."""


_CHANNELS_OF: dict[str, list[str]] = {"email": ["email"], "phone": ["sms", "whatsapp"]}

# Locked first and read in a statement of its own: one that waits for a row sees that row as it is then, but the
# addresses as they were when it began to wait.
_LOCK = "SELECT id, described_by FROM customers WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE"
_SELECT = """
    SELECT c.id, c.as_of, c.name, c.locale, c.timezone, c.country, CAST(c.attributes AS text) AS attributes,
           (SELECT address FROM contact_points WHERE customer_id = c.id AND channel = 'email') AS email,
           (SELECT address FROM contact_points WHERE customer_id = c.id AND channel = 'sms') AS phone, c.described_by
    FROM customers c WHERE c.id = ANY(%(ids)s)
"""
_CREATE = """
    INSERT INTO customers (id, name, locale, timezone, country, attributes, search, as_of)
    SELECT id, '', '', '', '', '{}', '', %(as_of)b
    FROM unnest(CAST(%(ids)s AS text[])) AS id ORDER BY id
    ON CONFLICT (id) DO NOTHING
"""
# Nothing else has changed: this touches no index.
_SEEN = """
    UPDATE customers c SET as_of = n.as_of, described_by = coalesce(n.words, c.described_by)
    FROM unnest(CAST(%(ids)s AS text[]), CAST(%(times)b AS timestamptz[]), CAST(%(words)b AS bytea[]))
         AS n(id, as_of, words)
    WHERE c.id = n.id
"""
_UPDATE = """
    UPDATE customers c SET name = n.name, locale = n.locale, timezone = n.timezone, country = n.country,
           attributes = CAST(n.attributes AS jsonb), search = n.search, as_of = n.as_of,
           described_by = n.words
    FROM unnest(
        CAST(%(ids)s AS text[]), CAST(%(times)b AS timestamptz[]), CAST(%(names)s AS text[]),
        CAST(%(locales)s AS text[]), CAST(%(timezones)s AS text[]), CAST(%(countries)s AS text[]),
        CAST(%(attributes)s AS text[]), CAST(%(searches)s AS text[]), CAST(%(words)b AS bytea[])
    ) AS n(id, as_of, name, locale, timezone, country, attributes, search, words)
    WHERE c.id = n.id
"""
_FORGET = """
    DELETE FROM contact_points p
    USING unnest(CAST(%(customers)s AS text[]), CAST(%(channels)s AS text[])) AS gone(id, channel)
    WHERE p.customer_id = gone.id AND p.channel = gone.channel
"""
_REACH = """
    INSERT INTO contact_points AS p (customer_id, channel, address, state, reason)
    SELECT id, channel, address, 'usable', ''
    FROM unnest(CAST(%(customers)s AS text[]), CAST(%(channels)s AS text[]), CAST(%(addresses)s AS text[]))
         AS n(id, channel, address)
    ON CONFLICT (customer_id, channel) DO UPDATE SET address = excluded.address, state = 'usable', reason = ''
    WHERE p.address <> excluded.address
"""


class _Known(NamedTuple):
    """A customer as we have them; what `_SELECT` returns."""

    id: str
    as_of: datetime
    name: str
    locale: str
    timezone: str
    country: str
    attributes: str
    """JSON."""
    email: str | None
    phone: str | None
    described_by: bytes | None


def digest(said: Struct) -> bytes:
    """Return what tells the words of one description of a customer from those of another."""
    return blake2b(_encode(said), digest_size=16, key=_READERS).digest()


def news(db: Session, snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """
    Lock the customers, and return the snapshots of those of whom not all say again what last described them.

    The others need no `upsert`. It leaves no trace that they were told again, not even in `as_of`: whether a snapshot
    is older than one that said nothing new is the caller's to know.
    """
    described_by = _lock(db, sorted({snapshot.id for snapshot in snapshots}))
    new = {one.id for one in snapshots if one.words is None or one.words != described_by[one.id]}
    return [one for one in snapshots if one.id in new]


def upsert(db: Session, snapshots: Sequence[Snapshot]) -> dict[str, dict[str, str]]:
    """
    Bring the customers up to date; return what could not be used: customer → field → reason.

    A snapshot older than what is known changes nothing; of one batch the newest field stands. An address that cannot
    exist leaves the customer without one on that channel. Suppressions are kept by address and are never touched.
    """
    if not snapshots:
        return {}
    known = _known(db, sorted({snapshot.id for snapshot in snapshots}))
    seen: dict[str, Snapshot] = {}
    changed: dict[str, _Known] = {}
    problems: dict[str, dict[str, str]] = {}
    for snapshot in sorted(snapshots, key=attrgetter("as_of")):
        now = changed.get(snapshot.id, known[snapshot.id])
        if snapshot.as_of < now.as_of:
            continue
        is_new = now.as_of == _BEFORE_ANY  # and has nothing yet to be searched by
        if not is_new and snapshot.id not in changed and _is_known(now, snapshot):
            seen[snapshot.id] = snapshot
            continue
        changed[snapshot.id], problems[snapshot.id] = _merged(now, snapshot, problems.get(snapshot.id, {}))
    _see(db, [one for key, one in sorted(seen.items()) if key not in changed and one.as_of > known[key].as_of])
    _store(db, known, changed)
    return {key: found for key, found in problems.items() if found}


def _known(db: Session, ids: list[str]) -> dict[str, _Known]:
    _lock(db, ids)
    return {row.id: _Known._make(row) for row in rows(db, _SELECT, {"ids": ids})}


def _lock(db: Session, ids: list[str]) -> dict[str, bytes | None]:
    locked = dict(rows(db, _LOCK, {"ids": ids}))
    if missing := [key for key in ids if key not in locked]:
        # Somebody else may be creating the same customers: both insert, both then see, and lock, one row.
        rows(db, _CREATE, {"ids": missing, "as_of": _BEFORE_ANY})
        locked |= dict(rows(db, _LOCK, {"ids": missing}))
    return locked


def _is_known(now: _Known, said: Snapshot) -> bool:
    """
    Tell whether it says, word for word, what is stored: then there is nothing to read, and nothing to write.

    What is stored has been read before, and reading it again gives it again.
    """
    return (
        (said.email is UNSET or said.email == now.email)
        and (said.phone is UNSET or said.phone == now.phone)
        and (said.name is UNSET or said.name == now.name)
        and (said.locale is UNSET or said.locale == now.locale)
        and (said.timezone is UNSET or said.timezone == now.timezone)
        and (said.country is UNSET or said.country == now.country)
        and (said.attributes is UNSET or _as_json(said.attributes) == _as_json(msgspec.json.decode(now.attributes)))
    )


def _as_json(attributes: dict[str, Any] | None) -> bytes:
    # As values, `true` and `1` were the same.
    return msgspec.json.encode(attributes, order="sorted")


def _merged(now: _Known, said: Snapshot, earlier: Mapping[str, str]) -> tuple[_Known, dict[str, str]]:
    given = {field: value for field, value in msgspec.structs.asdict(said).items() if value is not UNSET}
    new: dict[str, Any] = {"as_of": said.as_of, "described_by": said.words}
    problems = {key: why for key, why in earlier.items() if key not in given}
    if "name" in given:
        new["name"] = (said.name or "").strip()
    if "attributes" in given:
        new["attributes"] = msgspec.json.encode(said.attributes or {}).decode()
    if "country" in given:
        new["country"] = (given["country"] or "").upper()
    for field, read in (("locale", _locale), ("timezone", _timezone)):
        if field in given:
            new[field] = read(given[field] or "")
            if given[field] and not new[field]:
                problems[field] = f"{given[field]!r} is none we know"
    if "email" in given:
        new["email"] = _address(addresses.email(given["email"]), "email", problems) if given["email"] else None
    if "phone" in given:
        number = addresses.phone(given["phone"], new.get("country", now.country)) if given["phone"] else None
        new["phone"] = _address(number, "phone", problems) if number else None
    if problems:
        new["described_by"] = None  # another version may be able to read what this one cannot
    return now._replace(**new), problems


def _address(address: addresses.Address, field: str, problems: dict[str, str]) -> str | None:
    if address.problem:
        problems[field] = address.problem
    return address.value or None


def _locale(written: str) -> str:
    return match(written, default="")


def _timezone(written: str) -> str:
    try:
        return ZoneInfo(written).key
    except (KeyError, ValueError, OSError):
        return ""


def _see(db: Session, seen: Sequence[Snapshot]) -> None:
    if seen:
        times, words = [one.as_of for one in seen], [one.words for one in seen]
        rows(db, _SEEN, {"ids": [one.id for one in seen], "times": times, "words": words})


def _store(db: Session, known: Mapping[str, _Known], changed: Mapping[str, _Known]) -> None:
    if not changed:
        return
    ordered = [changed[key] for key in sorted(changed)]
    values = {
        "ids": [row.id for row in ordered],
        "times": [row.as_of for row in ordered],
        "names": [row.name for row in ordered],
        "locales": [row.locale for row in ordered],
        "timezones": [row.timezone for row in ordered],
        "countries": [row.country for row in ordered],
        "attributes": [row.attributes for row in ordered],
        "searches": [_searchable(row) for row in ordered],
        "words": [row.described_by for row in ordered],
    }
    rows(db, _UPDATE, values)
    gone: list[tuple[str, str]] = []
    reached: list[tuple[str, str, str]] = []
    for row in ordered:
        for field, channels in _CHANNELS_OF.items():
            address = getattr(row, field)
            if address == getattr(known[row.id], field):
                continue
            if address is None:
                gone += [(row.id, channel) for channel in channels]
            else:
                reached += [(row.id, channel, address) for channel in channels]
    if gone:
        rows(db, _FORGET, {"customers": [one[0] for one in gone], "channels": [one[1] for one in gone]})
    if reached:
        customers, points, values_of = (list(column) for column in zip(*reached, strict=True))
        rows(db, _REACH, {"customers": customers, "channels": points, "addresses": values_of})


def _searchable(row: _Known) -> str:
    words = " ".join(part for part in (row.id, row.name, row.email, row.phone) if part)
    return unaccented(words)


def unaccented(words: str) -> str:
    """Return the words in lower case without accents, as the search column holds them."""
    if words.isascii():
        return words.lower()
    decomposed = unicodedata.normalize("NFKD", words.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
