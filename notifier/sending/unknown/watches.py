"""Remember which calls are to be looked at again, a claim at a time."""

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import accumulate
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import rows
from notifier.sending import pace

MOST = 200
"""Attempts of a watch, once it is no claim's: asking a provider that hangs about more would take all too long."""

_WATCH = """
    INSERT INTO watches (attempts, look_at, is_leased)
    VALUES (%(ids)b::uuid[], clock_timestamp() + make_interval(secs => %(after)s), %(is_leased)s)
"""
# Time as a sub-select is one value, and finds the place in an index; the function itself would be asked of every row.
_TAKE = """
    SELECT id, attempts, claimed_at, is_leased FROM watches
    WHERE look_at <= (SELECT clock_timestamp()) AND is_leased = %(is_leased)s
    ORDER BY look_at LIMIT 50 FOR UPDATE SKIP LOCKED
"""
_GO_ON = """
    INSERT INTO watches (attempts, claimed_at, look_at, is_leased)
    SELECT %(ids)b::uuid[], %(claimed)b::timestamptz, min(at), false
    FROM unnest(%(ages)s::float8[]) AS age,
         LATERAL (SELECT %(claimed)b::timestamptz + make_interval(secs => age)) AS n(at)
    WHERE %(is_first)s OR at > clock_timestamp() HAVING min(at) IS NOT NULL
"""
_END = text("DELETE FROM watches WHERE id = ANY(:ids)")
_LATER = text("UPDATE watches SET look_at = clock_timestamp() + make_interval(secs => :after) WHERE id = ANY(:ids)")


class Watched(Struct, frozen=True):
    """A watch whose time has come; it is ours as long as the transaction."""

    id: int
    attempts: list[UUID]
    claimed_at: datetime
    is_leased: bool


def watch(db: Session, attempts: Sequence[UUID], *, after: float, is_leased: bool = True) -> None:
    """Have attempts looked at in so many seconds; `is_leased`: they are claimed now, and calls of them may be open."""
    if attempts:
        rows(db, _WATCH, {"ids": list(attempts), "after": after, "is_leased": is_leased})


def take(db: Session, *, is_leased: bool, most: int) -> list[Watched]:
    """Lock watches whose time has come and that nobody else has, the oldest first, of some `most` attempts."""
    found = [Watched(*row) for row in rows(db, _TAKE, {"is_leased": is_leased})]
    before = accumulate((len(one.attempts) for one in found), initial=0)
    return [one for one, many in zip(found, before, strict=False) if many < most]


def go_on(db: Session, taken: Sequence[Watched], open_ones: Collection[UUID]) -> None:
    """Look at those of the attempts that are still open at the next age of `pace.LOOKS`, some together, or no more."""
    if not taken:
        return
    db.execute(_END, {"ids": [one.id for one in taken]})
    left = [ident for one in taken for ident in one.attempts if ident in open_ones]
    newest = max(one.claimed_at for one in taken)
    first = any(one.is_leased for one in taken)
    for start in range(0, len(left), MOST):
        asked = {"ids": left[start : start + MOST], "claimed": newest, "ages": list(pace.LOOKS), "is_first": first}
        rows(db, _GO_ON, asked)


def look_later(db: Session, taken: Sequence[Watched], *, after: float) -> None:
    """Look at them once more as they are."""
    if taken:
        db.execute(_LATER, {"ids": [one.id for one in taken], "after": after})
