"""Find customers by any part of their name, address, phone or id; list them in order."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

PAGE = 50
#: Fewer letters than a trigram has cannot use the index; such a search looks at ids alone.
SHORTEST = 3
#: Matches looked at before the closest are chosen: keeps "ana" among a million customers as fast as a rare name.
_LOOKED_AT = 400


class Found(Struct, frozen=True, kw_only=True):
    """A customer as a line in a list."""

    id: str
    name: str
    locale: str
    country: str
    email: str | None
    phone: str | None


class Page(Struct, frozen=True, kw_only=True):
    """Some customers; `after` is the cursor of the next page, `is_cut` says that more matched than were looked at."""

    customers: list[Found]
    after: str | None = None
    is_cut: bool = False


def search(db: Session, query: str, *, limit: int = PAGE) -> Page:
    """Return the customers whose id, name or addresses contain every word of `query`, the closest first."""
    words = folded(query)
    if not words:
        return Page(customers=[])
    if max(map(len, words)) < SHORTEST:
        start = query.strip()
        rows = db.execute(_BY_ID, {"start": start, "end": start + "\U0010ffff", "limit": limit + 1})
    else:
        patterns = {f"word_{n}": f"%{_escaped(word)}%" for n, word in enumerate(words)}
        given = {"whole": " ".join(words), "id": query.strip(), "limit": limit + 1, "looked_at": _LOOKED_AT}
        rows = db.execute(_by_words(len(words)), {**given, **patterns})
    found = _read(rows.mappings().all())
    return Page(customers=found[:limit], is_cut=len(found) > limit)


def listed(db: Session, *, after: str = "", limit: int = PAGE) -> Page:
    """Return customers in order of their ids, from behind the cursor `after`."""
    found = _read(db.execute(_ALL, {"after": after, "limit": limit + 1}).mappings().all())
    more = len(found) > limit
    return Page(customers=found[:limit], after=found[limit - 1].id if more else None)


def folded(query: str) -> list[str]:
    """Return the words to look for, as `customers.search` is written: lower-case, accent-free; a phone is one word."""
    if re.fullmatch(r"[\d\s()+./-]{5,}", query.strip()):
        return [re.sub(r"\D", "", query)]
    plain = unicodedata.normalize("NFKD", query.lower())
    return "".join(c for c in plain if not unicodedata.combining(c)).split()[:8]


def _escaped(word: str) -> str:
    return word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _read(rows: Sequence[Mapping[Any, Any]]) -> list[Found]:
    return [Found(**row) for row in rows]


_LINE = """
    SELECT c.id, c.name, c.locale, c.country,
           (SELECT address FROM contact_points p WHERE p.customer_id = c.id AND p.channel = 'email') AS email,
           (SELECT address FROM contact_points p WHERE p.customer_id = c.id AND p.channel = 'sms') AS phone
"""
_ALL = text(f"{_LINE} FROM customers c WHERE c.id > :after ORDER BY c.id LIMIT :limit")
_BY_ID = text(f"{_LINE} FROM customers c WHERE c.id >= :start AND c.id < :end ORDER BY c.id LIMIT :limit")


def _by_words(count: int) -> TextClause:
    # One LIKE per word: the trigram index cannot serve LIKE ALL.
    every_word = " AND ".join(f"search LIKE :word_{n}" for n in range(count))
    return text(f"""
        WITH matches AS MATERIALIZED (
            (SELECT id, CAST(2 AS real) AS nearness FROM customers WHERE id = :id)
            UNION ALL
            (SELECT id, word_similarity(:whole, search) AS nearness FROM customers
              WHERE {every_word} LIMIT :looked_at)
        ), best AS (
            SELECT id, max(nearness) AS nearness FROM matches GROUP BY id ORDER BY nearness DESC, id LIMIT :limit
        )
        {_LINE} FROM best JOIN customers c USING (id) ORDER BY best.nearness DESC, c.id
    """)  # noqa: S608 - only names of parameters are put in
