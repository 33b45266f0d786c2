"""The queue of verified callbacks, in sets as they were kept: put there, claimed, and what failed set aside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import structlog
from msgspec import Struct
from psycopg.types.json import Jsonb
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from notifier.columns import storable
from notifier.db import in_index_order, rows
from notifier.providers.contract import Hook, Provider
from notifier.tracking.packed import ENCODING, READABLE, pack, unpack

log = structlog.get_logger()

#: What one callback's content can cause: anything (a mail within a mail within a mail exhausts the stack). Trouble with
#: the database itself is told apart by `fail`, which lets it through: the whole batch is tried again.
POISON = Exception

_PUT = """
    WITH numbered AS MATERIALIZED (
        SELECT nextval('hooks_id_seq') AS id, n.* FROM unnest(
            %(kinds)s::text[], %(providers)s::text[], %(many)s::int[], %(weights)s::int[], %(packed)b::bytea[]
        ) AS n(kind, provider, many, weight, packed)
    ), kept AS (
        INSERT INTO hook_sets (id, provider, kind, many, encoding, packed)
        SELECT id, provider, kind, many, %(encoding)b::text, packed FROM numbered
    )
    INSERT INTO pending_hooks (kind, id, provider, encoding, many, weight)
    SELECT kind, id, provider, %(encoding)b::text, many, weight FROM numbered
"""
# As many sets are locked as the oldest would be enough, and weighed again: they may be others, that nobody has locked.
# What is too much goes back when the transaction ends, and others look past it until then. A set's place is looked up
# as it was locked, and its callbacks by its id: no plan of joining them can be a bad one.
_CLAIM = """
    WITH oldest AS MATERIALIZED (
        SELECT id, weight FROM pending_hooks
        WHERE kind = %(kind)b AND provider = ANY(%(providers)s) AND encoding = ANY(%(encodings)s)
        ORDER BY id LIMIT %(limit)b::int
    ), enough AS (
        SELECT count(*) FROM (SELECT sum(weight) OVER (ORDER BY id) - weight AS before FROM oldest) AS weighed
        WHERE before < %(limit)b::int
    ), locked AS MATERIALIZED (
        SELECT ctid AS place, id, weight FROM pending_hooks
        WHERE kind = %(kind)b AND provider = ANY(%(providers)s) AND encoding = ANY(%(encodings)s)
        ORDER BY id LIMIT (SELECT * FROM enough) FOR UPDATE SKIP LOCKED
    ), taken AS (
        DELETE FROM pending_hooks WHERE ctid = ANY(ARRAY(
            SELECT place FROM (SELECT place, sum(weight) OVER (ORDER BY id) - weight AS before FROM locked) AS weighed
            WHERE before < %(limit)b::int
        )) RETURNING id
    )
    SELECT kept.* FROM taken, LATERAL (
        SELECT id, provider, kind, encoding, packed, received_at FROM hook_sets WHERE id = taken.id OFFSET 0
    ) AS kept
"""
_UNMATCHED = """
    UPDATE hook_sets h SET unmatched = h.unmatched + c.unmatched
    FROM unnest(%(ids)s::bigint[], %(unmatched)s::int[]) AS c(id, unmatched) WHERE h.id = c.id
"""
_FAIL = """
    INSERT INTO hooks (id, provider, kind, url, headers, body, received_at, error)
    VALUES (nextval('hooks_id_seq'), %(provider)s, %(kind)s, %(url)s, %(headers)s, %(body)b, %(received_at)s, %(error)s)
"""


class Together(Struct, frozen=True):
    """Callbacks to be kept as one set."""

    kind: str
    provider: str
    hooks: Sequence[Hook]


class PendingHook(Struct, frozen=True, kw_only=True):
    """A claimed callback; the claim lasts as long as the transaction."""

    set_id: int
    """Of the set it was kept in."""
    provider: str
    kind: str
    hook: Hook
    """As the provider's adapter reads it."""
    received_at: datetime

    @property
    def weight(self) -> int:
        return weight(self.hook.body)


def weight(body: bytes) -> int:
    """Tell what a callback weighs, in kB: what a post of one report does, or more."""
    return max(len(body) // 1000, 1)


def put(db: Session, sets: Sequence[Together]) -> None:
    """Keep sets of callbacks, each to be claimed together."""
    values = {
        "kinds": [one.kind for one in sets],
        "providers": [one.provider for one in sets],
        "many": [len(one.hooks) for one in sets],
        "weights": [sum(weight(hook.body) for hook in one.hooks) for one in sets],
        "packed": [pack(one.hooks) for one in sets],
        "encoding": ENCODING,
    }
    rows(db, _PUT, values)


def claim(
    db: Session, kind: Literal["status", "inbound"], providers: Mapping[str, Provider], *, limit: int
) -> list[PendingHook]:
    """
    Take the oldest pending callbacks of a kind that nobody else has locked: about `limit` kB of them, or that many.

    They are pending no more, which holds if this transaction does. Those of a provider this process has no settings
    for, or that it cannot read, wait for a process that can. A set that is damaged is set aside as it is.
    """
    asked = {"kind": kind, "providers": list(providers), "encodings": list(READABLE), "limit": limit}
    with in_index_order(db):
        taken = rows(db, _CLAIM, asked)
    claimed = []
    for row in sorted(taken):
        of = {"set_id": row.id, "provider": row.provider, "kind": row.kind, "received_at": row.received_at}
        try:
            claimed += [PendingHook(hook=hook, **of) for hook in unpack(row.encoding, row.packed)]
        except POISON as error:
            fail(db, PendingHook(hook=Hook(url="", headers={}, body=row.packed), **of), error)
            log.warning("set of callbacks damaged", hook_set=row.id, provider=row.provider, error=type(error).__name__)
    return claimed


def count(db: Session, unmatched: Mapping[int, int]) -> None:
    """Note with sets of callbacks how many of their reports name no attempt of ours."""
    some = {ident: many for ident, many in unmatched.items() if many}
    if some:
        rows(db, _UNMATCHED, {"ids": list(some), "unmatched": list(some.values())})


def fail(db: Session, pending: PendingHook, error: Exception) -> None:
    """
    Set a callback aside with its error, by itself; the text a person wrote is never part of that.

    Raises:
        OperationalError, InterfaceError, ProgrammingError: `error` was trouble with the database, or its tables are not
            of this version; it was none with the callback.
    """
    if isinstance(error, OperationalError | InterfaceError) or _is_of_tables(error):
        raise error
    reason = str(error.orig).splitlines()[0] if isinstance(error, DBAPIError) else str(error)
    hook = pending.hook
    values = {
        "provider": pending.provider,
        "kind": pending.kind,
        "url": storable(hook.url),
        "headers": Jsonb({name: storable(value) for name, value in hook.headers.items()}),
        "body": hook.body,
        "received_at": pending.received_at,
        "error": storable(f"{type(error).__name__}: {reason}")[:500],
    }
    rows(db, _FAIL, values)


def _is_of_tables(error: Exception) -> bool:
    # Class 42 of https://www.postgresql.org/docs/current/errcodes-appendix.html: what is asked for does not exist.
    return isinstance(error, DBAPIError) and (getattr(error.orig, "sqlstate", None) or "").startswith("42")
