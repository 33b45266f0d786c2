"""Keep our copy of the customers up to date from what triggers and calls say of them."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.customers import addresses
from notifier.i18n.catalogs import match

_BEFORE_ANY = datetime(1, 1, 2, tzinfo=UTC)


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


_CHANNELS_OF: dict[str, list[str]] = {"email": ["email"], "phone": ["sms", "whatsapp"]}

# Locked first and read in a statement of its own: one that waits for a row sees that row as it is then, but the
# addresses as they were when it began to wait.
_LOCK = text("SELECT id FROM customers WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")
_SELECT = text("""
    SELECT c.id, c.name, c.locale, c.timezone, c.country, c.attributes, c.as_of,
           (SELECT address FROM contact_points WHERE customer_id = c.id AND channel = 'email') AS email,
           (SELECT address FROM contact_points WHERE customer_id = c.id AND channel = 'sms') AS phone
    FROM customers c WHERE c.id = ANY(:ids)
""")
_CREATE = text("""
    INSERT INTO customers (id, name, locale, timezone, country, attributes, search, as_of)
    SELECT id, '', '', '', '', '{}', lower(id), :as_of FROM unnest(CAST(:ids AS text[])) AS id ORDER BY id
    ON CONFLICT (id) DO NOTHING
""")
_UPDATE = text("""
    UPDATE customers c SET name = n.name, locale = n.locale, timezone = n.timezone, country = n.country,
           attributes = n.attributes, search = n.search, as_of = n.as_of
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS n(id text, name text, locale text, timezone text, country text, attributes jsonb, search text,
              as_of timestamptz)
    WHERE c.id = n.id
""")
_FORGET = text("""
    DELETE FROM contact_points p
    USING unnest(CAST(:customers AS text[]), CAST(:channels AS text[])) AS gone(id, channel)
    WHERE p.customer_id = gone.id AND p.channel = gone.channel
""")
_REACH = text("""
    INSERT INTO contact_points AS p (customer_id, channel, address, state, reason)
    SELECT id, channel, address, 'usable', ''
    FROM unnest(CAST(:customers AS text[]), CAST(:channels AS text[]), CAST(:addresses AS text[]))
         AS n(id, channel, address)
    ON CONFLICT (customer_id, channel) DO UPDATE SET address = excluded.address, state = 'usable', reason = ''
    WHERE p.address <> excluded.address
""")


def upsert(db: Session, snapshots: Sequence[Snapshot]) -> dict[str, dict[str, str]]:
    """
    Bring the customers up to date; return what could not be used: customer → field → reason.

    A snapshot older than what is known changes nothing; of one batch the newest field stands. An address that cannot
    exist leaves the customer without one on that channel. Suppressions are kept by address and are never touched.
    """
    if not snapshots:
        return {}
    known = _known(db, sorted({snapshot.id for snapshot in snapshots}))
    changed: dict[str, dict[str, Any]] = {}
    problems: dict[str, dict[str, str]] = {}
    for snapshot in sorted(snapshots, key=lambda one: one.as_of):
        now = changed.get(snapshot.id, known[snapshot.id])
        if snapshot.as_of >= now["as_of"]:
            changed[snapshot.id], problems[snapshot.id] = _merged(now, snapshot, problems.get(snapshot.id, {}))
    _store(db, known, {key: row for key, row in changed.items() if row != known[key]})
    return {key: found for key, found in problems.items() if found}


def _known(db: Session, ids: list[str]) -> dict[str, dict[str, Any]]:
    locked = set(db.scalars(_LOCK, {"ids": ids}))
    if missing := [key for key in ids if key not in locked]:
        # Somebody else may be creating the same customers: both insert, both then see, and lock, one row.
        db.execute(_CREATE, {"ids": missing, "as_of": _BEFORE_ANY})
        db.execute(_LOCK, {"ids": missing})
    return {row["id"]: dict(row) for row in db.execute(_SELECT, {"ids": ids}).mappings()}


def _merged(
    now: Mapping[str, Any], said: Snapshot, earlier: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    given = {field: value for field, value in msgspec.structs.asdict(said).items() if value is not UNSET}
    row, problems = {**now, "as_of": said.as_of}, {key: why for key, why in earlier.items() if key not in given}
    if "name" in given:
        row["name"] = (said.name or "").strip()
    if "attributes" in given:
        row["attributes"] = said.attributes or {}
    if "country" in given:
        row["country"] = (given["country"] or "").upper()
    for field, read in (("locale", _locale), ("timezone", _timezone)):
        if field in given:
            row[field] = read(given[field] or "")
            if given[field] and not row[field]:
                problems[field] = f"{given[field]!r} is none we know"
    if "email" in given:
        row["email"] = _address(addresses.email(given["email"]), "email", problems) if given["email"] else None
    if "phone" in given:
        number = addresses.phone(given["phone"], row["country"]) if given["phone"] else None
        row["phone"] = _address(number, "phone", problems) if number else None
    return row, problems


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


def _store(db: Session, known: Mapping[str, Mapping[str, Any]], rows: Mapping[str, dict[str, Any]]) -> None:
    if not rows:
        return
    ordered = [rows[key] for key in sorted(rows)]
    stored = [{**row, "search": _searchable(row)} for row in ordered]
    db.execute(_UPDATE, {"rows": msgspec.json.encode(stored).decode()})
    gone: list[tuple[str, str]] = []
    reached: list[tuple[str, str, str]] = []
    for row in ordered:
        for field, channels in _CHANNELS_OF.items():
            if row[field] == known[row["id"]][field]:
                continue
            if row[field] is None:
                gone += [(row["id"], channel) for channel in channels]
            else:
                reached += [(row["id"], channel, row[field]) for channel in channels]
    if gone:
        db.execute(_FORGET, {"customers": [one[0] for one in gone], "channels": [one[1] for one in gone]})
    if reached:
        customers, points, values = (list(column) for column in zip(*reached, strict=True))
        db.execute(_REACH, {"customers": customers, "channels": points, "addresses": values})


def _searchable(row: Mapping[str, Any]) -> str:
    words = " ".join(part for part in (row["id"], row["name"], row["email"], row["phone"]) if part)
    return unaccented(words)


def unaccented(words: str) -> str:
    """Return the words in lower case without accents, as the search column holds them."""
    if words.isascii():
        return words.lower()
    decomposed = unicodedata.normalize("NFKD", words.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
