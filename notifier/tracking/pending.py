"""The queue of verified callbacks: claim a set, mark each done or failed."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from notifier.db import in_index_order
from notifier.providers.contract import Hook, Provider

#: What one callback's content can cause: anything (a mail within a mail within a mail exhausts the stack). Trouble with
#: the database itself is told apart by `fail`, which lets it through: the whole batch is tried again.
POISON = Exception

_CLAIM = text("""
    SELECT id, provider, url, headers, body FROM hooks
    WHERE kind = :kind AND state = 'pending' AND provider = ANY(:providers)
    ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_FINISH = text("""
    UPDATE hooks h SET state = 'done', unmatched = c.unmatched
    FROM unnest(CAST(:ids AS bigint[]), CAST(:unmatched AS int[])) AS c(id, unmatched) WHERE h.id = c.id
""")
_FAIL = text("UPDATE hooks SET state = 'failed', error = :error WHERE id = :id")


class PendingHook(Struct, frozen=True, kw_only=True):
    """A claimed callback; the claim lasts as long as the transaction."""

    id: int
    provider: str
    url: str
    headers: dict[str, Any]
    body: bytes

    def as_received(self) -> Hook:
        """Return it as the provider's adapter reads it."""
        return Hook(url=self.url, headers=self.headers, body=self.body)


def claim(
    db: Session, kind: Literal["status", "inbound"], providers: Mapping[str, Provider], *, limit: int
) -> list[PendingHook]:
    """
    Lock the oldest pending callbacks of a kind that nobody else has locked.

    Those of a provider this process has no settings for wait for a process that has them.
    """
    with in_index_order(db):
        rows = db.execute(_CLAIM, {"kind": kind, "providers": list(providers), "limit": limit}).all()
    return [
        PendingHook(id=row.id, provider=row.provider, url=row.url, headers=row.headers, body=bytes(row.body))
        for row in rows
    ]


def finish(db: Session, unmatched: Mapping[int, int]) -> None:
    """Mark callbacks done; each with how many of its reports named no attempt of ours."""
    db.execute(_FINISH, {"ids": list(unmatched), "unmatched": list(unmatched.values())})


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
