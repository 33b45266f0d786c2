"""Ask providers what became of messages they accepted and never reported on."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.clock import business_now
from notifier.db import Database
from notifier.errors import Unavailable
from notifier.journeys.reports import hold, wake
from notifier.messages.apply import Applied, apply
from notifier.messages.states import ATTEMPT_RANK, PROVES
from notifier.providers.contract import Fetches, Found
from notifier.providers.registry import Providers
from notifier.sending import loop, pace
from notifier.sending.settle import follow

SET = 200
AT_ONCE = 10

_TAKE = text("""
    WITH taken AS (
        UPDATE attempts SET look_at = (
            SELECT min(claimed_at + make_interval(secs => age)) FROM unnest(CAST(:looks AS float8[])) AS age
            WHERE claimed_at + make_interval(secs => age) > clock_timestamp()
        ) WHERE id IN (
            SELECT id FROM attempts WHERE look_at <= (SELECT clock_timestamp())
            ORDER BY look_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
        ) RETURNING id, message_id, provider, ref, state, address AS moved_to
    )
    SELECT taken.*, m.run_id, m.channel, coalesce(taken.moved_to, m.address) AS address
    FROM taken JOIN messages m ON m.id = taken.message_id
    WHERE taken.state IN ('accepted', 'sent') AND taken.ref IS NOT NULL
""")


def reconcile(database: Database, providers: Providers) -> int:
    """
    Ask about every accepted attempt whose report is overdue; return how many were learnt of.

    What a provider says counts as its report would have: it is kept as an event, and repeats change nothing.
    """
    learnt = 0
    while rows := database.run(lambda db: db.execute(_TAKE, {"looks": list(pace.LOOKS), "limit": SET}).all()):
        found = loop.run(_fetch_all(rows, providers))
        learnt += database.run(lambda db: _apply(db, rows, found))  # noqa: B023 - runs at once
    return learnt


async def _fetch_all(rows: Sequence[Any], providers: Providers) -> list[Found | None]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def fetch(row: Any) -> Found | None:
        provider: object = providers.by_name.get(row.provider)
        if isinstance(provider, Fetches):
            with suppress(Unavailable):
                async with gate:
                    return await provider.fetch(row.ref)
        return None

    return await asyncio.gather(*(fetch(row) for row in rows))


def _apply(db: Session, rows: Sequence[Any], found: Sequence[Found | None]) -> int:
    now = business_now(db)
    told = [(row, one) for row, one in zip(rows, found, strict=True) if one is not None and _is_news(row, one)]
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
