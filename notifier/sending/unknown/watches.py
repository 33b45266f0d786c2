"""Remember which calls are to be looked at again, a claim at a time."""

from collections.abc import Collection, Sequence
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import rows
from notifier.sending import pace

_WATCH = """
    INSERT INTO watches (attempts, look_at, is_leased)
    VALUES (%(ids)b::uuid[], clock_timestamp() + make_interval(secs => %(after)s), %(is_leased)s)
"""
# Time as a sub-select is one value, and finds the place in an index; the function itself would be asked of every row.
_TAKE = """
    SELECT id, attempts FROM watches
    WHERE look_at <= (SELECT clock_timestamp()) AND is_leased = %(is_leased)s
    ORDER BY look_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
"""
_GO_ON = text("""
    UPDATE watches SET attempts = :attempts, is_leased = false, look_at = next.at FROM (
        SELECT min(claimed_at + make_interval(secs => age)) AS at
        FROM watches, unnest(CAST(:ages AS float8[])) AS age
        WHERE id = :id AND (is_leased OR claimed_at + make_interval(secs => age) > clock_timestamp())
    ) AS next WHERE id = :id AND next.at IS NOT NULL RETURNING id
""")
_END = text("DELETE FROM watches WHERE id = ANY(:ids)")
_LATER = text("UPDATE watches SET look_at = clock_timestamp() + make_interval(secs => :after) WHERE id = ANY(:ids)")


class Watched(Struct, frozen=True):
    """A watch whose time has come; it is ours as long as the transaction."""

    id: int
    attempts: list[UUID]


def watch(db: Session, attempts: Sequence[UUID], *, after: float, is_leased: bool = True) -> None:
    """Have attempts looked at in so many seconds; `is_leased`: they are claimed now, and calls of them may be open."""
    if attempts:
        rows(db, _WATCH, {"ids": list(attempts), "after": after, "is_leased": is_leased})


def take(db: Session, *, is_leased: bool, most: int) -> list[Watched]:
    """Lock watches whose time has come and that nobody else has, the oldest first."""
    return [Watched(row.id, row.attempts) for row in rows(db, _TAKE, {"is_leased": is_leased, "most": most})]


def go_on(db: Session, taken: Sequence[Watched], open_ones: Collection[UUID]) -> None:
    """Look at those of the attempts that are still open at the next age of `pace.LOOKS`, or no more."""
    over = []
    for one in taken:
        left = [ident for ident in one.attempts if ident in open_ones]
        given = {"id": one.id, "attempts": left, "ages": list(pace.LOOKS)}
        if not left or db.execute(_GO_ON, given).first() is None:
            over.append(one.id)
    if over:
        db.execute(_END, {"ids": over})


def look_later(db: Session, taken: Sequence[Watched], *, after: float) -> None:
    """Look at them once more as they are."""
    if taken:
        db.execute(_LATER, {"ids": [one.id for one in taken], "after": after})
