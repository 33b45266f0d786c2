"""Ask providers what became of messages they accepted and never reported on."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy.orm import Session

from notifier.clock import business_now
from notifier.db import Database, by_key, rows
from notifier.errors import Unavailable
from notifier.journeys.reports import hold, wake
from notifier.messages.apply import Applied, apply
from notifier.messages.states import ATTEMPT_RANK, PROVES
from notifier.providers.contract import Fetches, Found
from notifier.providers.registry import Providers
from notifier.sending import loop
from notifier.sending.settle import follow
from notifier.sending.unknown import watches

SET = 200
AT_ONCE = 10

_OPEN = """
    SELECT a.id, a.message_id, a.provider, a.ref, a.state, m.run_id, m.channel,
           coalesce(a.address, m.address) AS address
    FROM attempts a JOIN messages m ON m.id = a.message_id
    WHERE a.id = ANY(%(ids)b::uuid[]) AND a.state IN ('unknown', 'accepted', 'sent')
"""


def reconcile(database: Database, providers: Providers) -> int:
    """
    Ask about every accepted attempt whose report is overdue; return how many were learnt of.

    What a provider says counts as its report would have: it is kept as an event, and repeats change nothing.
    """
    learnt = 0
    while (asked := database.run(_take)) is not None:
        found = loop.run(_fetch_all(asked, providers))
        learnt += database.run(lambda db: _apply(db, asked, found))  # noqa: B023 - runs at once
    return learnt


def _take(db: Session) -> list[Any] | None:
    """Return what is to be asked about now, some `SET` of them; None when nobody's time has come."""
    taken = watches.take(db, is_leased=False, most=SET)
    if not taken:
        return None
    with by_key(db):
        found = rows(db, _OPEN, {"ids": [ident for one in taken for ident in one.attempts]})
    watches.go_on(db, taken, {row.id for row in found})
    return [row for row in found if row.state != "unknown" and row.ref is not None]


async def _fetch_all(asked: Sequence[Any], providers: Providers) -> list[Found | None]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def fetch(row: Any) -> Found | None:
        provider: object = providers.by_name.get(row.provider)
        if isinstance(provider, Fetches):
            with suppress(Unavailable):
                async with gate:
                    return await provider.fetch(row.ref)
        return None

    return await asyncio.gather(*(fetch(row) for row in asked))


def _apply(db: Session, asked: Sequence[Any], found: Sequence[Found | None]) -> int:
    now = business_now(db)
    told = [(row, one) for row, one in zip(asked, found, strict=True) if one is not None and _is_news(row, one)]
    hold(db, {row.run_id for row, _ in told if row.run_id is not None})
    reports = [
        Applied(
            message_id=row.message_id,
            attempt_id=row.id,
            provider=row.provider,
            event_id=f"asked:{row.ref}:{one.kind}",
            kind=one.kind,
            reason=one.reason,
            ref=row.ref,
        )
        for row, one in told
    ]
    wake(db, apply(db, reports, now=now), now=now)
    for row, one in sorted(told, key=lambda both: (both[0].channel, both[0].address)):
        evidence = {"source": row.provider, "message": str(row.message_id), "kind": one.kind}
        follow(db, row.channel, row.address, reason=one.reason, evidence=evidence, now=now)
    return len(told)


def _is_news(row: Any, found: Found) -> bool:
    return found.kind in PROVES and ATTEMPT_RANK[PROVES[found.kind]] > ATTEMPT_RANK[row.state]
