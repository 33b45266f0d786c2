"""The queue of verified callbacks, in sets as they were kept: put there, claimed, and what failed set aside."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.json import decode
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from notifier.db import in_index_order, rows
from notifier.providers.contract import Hook, Provider

#: What one callback's content can cause: anything (a mail within a mail within a mail exhausts the stack). Trouble with
#: the database itself is told apart by `fail`, which lets it through: the whole batch is tried again.
POISON = Exception

_PUT = """
    INSERT INTO pending_hooks (kind, provider, weight, hooks)
    SELECT %(kind)b::text, %(provider)b::text, %(weight)b::int,
           ARRAY(SELECT nextval('hooks_id_seq') FROM generate_series(1, %(many)b::int))
    RETURNING hooks
"""
# As many sets are locked as the oldest would be enough, and weighed again: they may be others, that nobody has locked.
# What is too much goes back when the transaction ends, and others look past it until then. A set's place is looked up
# as it was locked, and callbacks by their ids: no plan of joining them can be a bad one.
_CLAIM = """
    WITH oldest AS MATERIALIZED (
        SELECT id, weight FROM pending_hooks WHERE kind = %(kind)b AND provider = ANY(%(providers)s)
        ORDER BY id LIMIT %(limit)b::int
    ), enough AS (
        SELECT count(*) FROM (SELECT sum(weight) OVER (ORDER BY id) - weight AS before FROM oldest) AS weighed
        WHERE before < %(limit)b::int
    ), locked AS MATERIALIZED (
        SELECT ctid AS place, id, weight FROM pending_hooks WHERE kind = %(kind)b AND provider = ANY(%(providers)s)
        ORDER BY id LIMIT (SELECT * FROM enough) FOR UPDATE SKIP LOCKED
    ), taken AS (
        DELETE FROM pending_hooks WHERE ctid = ANY(ARRAY(
            SELECT place FROM (SELECT place, sum(weight) OVER (ORDER BY id) - weight AS before FROM locked) AS weighed
            WHERE before < %(limit)b::int
        )) RETURNING id, hooks
    )
    SELECT hook.* FROM unnest(ARRAY(SELECT unnest(hooks) FROM taken)) AS one(id), LATERAL (
        SELECT h.id, h.provider, h.url, h.headers::text, h.body FROM hooks h WHERE h.id = one.id OFFSET 0
    ) AS hook
"""
_UNMATCHED = """
    UPDATE hooks h SET unmatched = c.unmatched
    FROM unnest(%(ids)s::bigint[], %(unmatched)s::int[]) AS c(id, unmatched) WHERE h.id = c.id
"""
_FAIL = text("UPDATE hooks SET error = :error WHERE id = :id")


class PendingHook(Struct, frozen=True, kw_only=True):
    """A claimed callback; the claim lasts as long as the transaction."""

    id: int
    provider: str
    url: str
    headers: dict[str, Any]
    body: bytes

    @property
    def weight(self) -> int:
        return weight(self.body)

    def as_received(self) -> Hook:
        """Return it as the provider's adapter reads it."""
        return Hook(url=self.url, headers=self.headers, body=self.body)


def weight(body: bytes) -> int:
    """Tell what a callback weighs, in kB: what a post of one report does, or more."""
    return max(len(body) // 1000, 1)


def put(db: Session, kind: str, provider: str, *, many: int, weight: int) -> list[int]:
    """Make a set of callbacks pending, to be claimed together; return the ids they are to be kept under."""
    (row,) = rows(db, _PUT, {"kind": kind, "provider": provider, "many": many, "weight": weight})
    return list(row.hooks)


def claim(
    db: Session, kind: Literal["status", "inbound"], providers: Mapping[str, Provider], *, limit: int
) -> list[PendingHook]:
    """
    Take the oldest pending callbacks of a kind that nobody else has locked: about `limit` kB of them, or that many.

    They are pending no more, which holds if this transaction does. Those of a provider this process has no settings for
    wait for a process that has them.
    """
    asked = {"kind": kind, "providers": list(providers), "limit": limit}
    with in_index_order(db):
        taken = rows(db, _CLAIM, asked)
    return [
        PendingHook(id=row.id, provider=row.provider, url=row.url, headers=decode(row.headers), body=row.body)
        for row in sorted(taken)
    ]


def count(db: Session, unmatched: Mapping[int, int]) -> None:
    """Note with callbacks how many of their reports name no attempt of ours."""
    some = {ident: many for ident, many in unmatched.items() if many}
    if some:
        rows(db, _UNMATCHED, {"ids": list(some), "unmatched": list(some.values())})


def fail(db: Session, hook: PendingHook, error: Exception) -> None:
    """
    Set a callback aside with its error; the text a person wrote is never part of that.

    Raises:
        OperationalError, InterfaceError, ProgrammingError: `error` was trouble with the database, or its tables are not
            of this version; it was none with the callback.
    """
    if isinstance(error, OperationalError | InterfaceError) or _is_of_tables(error):
        raise error
    reason = str(error.orig).splitlines()[0] if isinstance(error, DBAPIError) else str(error)
    db.execute(_FAIL, {"id": hook.id, "error": f"{type(error).__name__}: {reason}".replace("\x00", "")[:500]})


def _is_of_tables(error: Exception) -> bool:
    # Class 42 of https://www.postgresql.org/docs/current/errcodes-appendix.html: what is asked for does not exist.
    return isinstance(error, DBAPIError) and (getattr(error.orig, "sqlstate", None) or "").startswith("42")
