"""The queue of verified callbacks: claim a set, mark each done or failed."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from notifier.db import in_index_order, rows
from notifier.providers.contract import Hook, Provider

#: What one callback's content can cause: anything (a mail within a mail within a mail exhausts the stack). Trouble with
#: the database itself is told apart by `fail`, which lets it through: the whole batch is tried again.
POISON = Exception

# What is locked is weighed; what is too much of it goes back when the transaction ends, and others look past it until
# then. A row's place is looked up as it was locked: no plan of joining the two can be a bad one.
_CLAIM = """
    WITH locked AS MATERIALIZED (
        SELECT ctid AS place, id, greatest(octet_length(body) / 1000, 1) AS weight FROM hooks
        WHERE kind = %(kind)b AND state = 'pending' AND provider = ANY(%(providers)b)
        ORDER BY id LIMIT %(limit)b::int FOR UPDATE SKIP LOCKED
    )
    UPDATE hooks SET state = 'done' WHERE ctid = ANY(ARRAY(
        SELECT place FROM (SELECT place, sum(weight) OVER (ORDER BY id) - weight AS before FROM locked) AS weighed
        WHERE before < %(limit)b::int
    )) RETURNING id, provider, url, headers::text, body, greatest(octet_length(body) / 1000, 1) AS weight
"""
_UNMATCHED = """
    UPDATE hooks h SET unmatched = c.unmatched
    FROM unnest(%(ids)b::bigint[], %(unmatched)b::int[]) AS c(id, unmatched) WHERE h.id = c.id
"""
_FAIL = text("UPDATE hooks SET state = 'failed', error = :error WHERE id = :id")


class PendingHook(Struct, frozen=True, kw_only=True):
    """A claimed callback; the claim lasts as long as the transaction."""

    id: int
    provider: str
    url: str
    headers: dict[str, Any]
    body: bytes
    weight: int = 1
    """Of 1 kB: what a post of one report weighs."""

    def as_received(self) -> Hook:
        """Return it as the provider's adapter reads it."""
        return Hook(url=self.url, headers=self.headers, body=self.body)


def claim(
    db: Session, kind: Literal["status", "inbound"], providers: Mapping[str, Provider], *, limit: int
) -> list[PendingHook]:
    """
    Take the oldest pending callbacks of a kind that nobody else has locked: about `limit` kB of them, or that many.

    They are marked done, which holds if this transaction does. Those of a provider this process has no settings for
    wait for a process that has them.
    """
    asked = {"kind": kind, "providers": list(providers), "limit": limit}
    with in_index_order(db):
        taken = rows(db, _CLAIM, asked)
    return [
        PendingHook(
            id=row.id,
            provider=row.provider,
            url=row.url,
            headers=msgspec.json.decode(row.headers),
            body=row.body,
            weight=row.weight,
        )
        for row in sorted(taken, key=attrgetter("id"))
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
        OperationalError, InterfaceError: `error` was trouble with the database, not with the callback.
    """
    if isinstance(error, OperationalError | InterfaceError):
        raise error
    reason = str(error.orig).splitlines()[0] if isinstance(error, DBAPIError) else str(error)
    db.execute(_FAIL, {"id": hook.id, "error": f"{type(error).__name__}: {reason}".replace("\x00", "")[:500]})
