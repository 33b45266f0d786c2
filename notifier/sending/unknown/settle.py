"""Settle by evidence what nobody knows: whether a call that got no answer was taken."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.clock import business_now
from notifier.db import Database, in_index_order, ring
from notifier.errors import Unavailable
from notifier.journeys.reports import hold, wake
from notifier.messages.content import unpack
from notifier.messages.draft import Decision
from notifier.messages.outcomes import Change, record
from notifier.messages.states import PROVES
from notifier.providers.contract import Found, Outgoing
from notifier.providers.registry import Providers
from notifier.rendering.kept import revived
from notifier.sending import loop, pace
from notifier.sending.unknown.evidence import Asked, Facts, judge
from notifier.sending.unknown.leases import expire_leases
from notifier.sending.unknown.watches import watch
from notifier.settings import Settings

SET = 200

_OPEN = text("""
    WITH taken AS (
        UPDATE attempts SET evidence_at = clock_timestamp() + make_interval(secs => :again)
        WHERE id IN (
            SELECT id FROM attempts WHERE state = 'unknown' AND evidence_at <= (SELECT clock_timestamp())
            ORDER BY evidence_at LIMIT :limit FOR UPDATE SKIP LOCKED
        ) RETURNING id, message_id, provider, claimed_at, address AS moved_to,
                    evidence_until, evidence_until <= clock_timestamp() AS is_over
    )
    SELECT taken.*, m.channel, coalesce(taken.moved_to, m.address) AS address, m.topic, m.lane, m.run_id,
           c.encoding, c.body,
           (SELECT count(*) FROM attempts a WHERE a.message_id = m.id AND a.state <> 'handed-back') AS tries
    FROM taken JOIN messages m ON m.id = taken.message_id LEFT JOIN contents c ON c.message_id = m.id
    ORDER BY taken.claimed_at
""")
_MATCHED = text("""
    SELECT a.provider, coalesce(a.address, m.address) AS address, a.ref
    FROM attempts a JOIN messages m ON m.id = a.message_id
    WHERE m.customer_id IN (SELECT customer_id FROM messages WHERE id = ANY(:messages)) AND a.ref IS NOT NULL
""")
_HEARD = text("""
    SELECT a.provider, max(a.claimed_at) AS latest
    FROM events e JOIN attempts a ON a.id = e.attempt_id AND a.provider = e.provider
    WHERE e.id > (SELECT coalesce(max(id), 0) - 5000 FROM events) GROUP BY a.provider
""")
_UNREAD = text("""
    SELECT provider, min(received_at) AS oldest FROM pending_hooks WHERE kind = 'status' GROUP BY provider
""")


class _Open(Struct, frozen=True):
    row: Any
    outgoing: Outgoing | None


class _Reports(Struct, frozen=True):
    """How far each provider's reports have come in: by these silence is measured."""

    heard: dict[str, datetime]
    """Claim of the latest attempt it has reported."""
    unread: dict[str, datetime]
    """Receipt of the oldest report that is kept and not applied yet."""

    def are_in(self, row: Any) -> bool:
        """Whether whatever was reported until the attempt's wait was over has been applied."""
        return row.provider not in self.unread or self.unread[row.provider] > row.evidence_until


def settle_unknown(database: Database, providers: Providers, settings: Settings) -> int:
    """Declare calls of dead workers unknown, look for evidence of all that is unknown; return how many are settled."""
    while database.run(lambda db: expire_leases(db, settings, providers)):
        pass
    settled = 0
    while found := database.run(lambda db: _take(db, settings)):
        opened, matched, reports = found
        asked = loop.run(_ask_all(opened, providers, matched))
        settled += database.run(lambda db: _settle(db, opened, asked, reports, providers))  # noqa: B023 - runs at once
        if len(opened) < SET:
            break
    return settled


def _take(db: Session, settings: Settings) -> tuple[list[_Open], dict[str, set[str]], _Reports] | None:
    rows = db.execute(_OPEN, {"again": pace.next_look(settings), "limit": SET}).all()
    if not rows:
        return None
    matched: dict[str, set[str]] = {}
    for row in db.execute(_MATCHED, {"messages": [row.message_id for row in rows]}):
        matched.setdefault(row.address, set()).add(row.ref)
    with in_index_order(db):
        unread = {row.provider: row.oldest for row in db.execute(_UNREAD)}
    reports = _Reports(heard={row.provider: row.latest for row in db.execute(_HEARD)}, unread=unread)
    return [_Open(row, _outgoing(db, row)) for row in rows], matched, reports


def _outgoing(db: Session, row: Any) -> Outgoing | None:
    if row.body is None:
        return None
    content = revived(row.channel, row.topic, unpack(db, row.encoding, row.body))
    return Outgoing(attempt_id=row.id, channel=row.channel, to=row.address, content=content)


async def _ask_all(opened: Sequence[_Open], providers: Providers, matched: dict[str, set[str]]) -> list[Asked]:
    """Ask about several addresses at once, but one after another about the same: what one finds, the next must not."""
    by_address: dict[str, list[int]] = {}
    for number, one in enumerate(opened):
        by_address.setdefault(one.row.address, []).append(number)
    answers: list[Asked] = [Asked()] * len(opened)
    gate = asyncio.Semaphore(10)

    async def ask(address: str, numbers: list[int]) -> None:
        taken = matched.setdefault(address, set())
        for number in numbers:
            async with gate:
                answers[number] = await _ask(opened[number], providers, frozenset(taken))
            if found := answers[number].found:
                taken.add(found.ref)

    await asyncio.gather(*(ask(address, numbers) for address, numbers in by_address.items()))
    return answers


async def _ask(one: _Open, providers: Providers, taken: frozenset[str]) -> Asked:
    provider = providers.by_name.get(one.row.provider)
    if provider is None or one.outgoing is None or not provider.can.finds:
        return Asked()
    try:
        found = await provider.find(one.outgoing, since=one.row.claimed_at, taken=taken)
    except Unavailable as away:
        return Asked(detail=str(away))
    return Asked(was_answered=True, found=found)


def _settle(
    db: Session, opened: Sequence[_Open], asked: Sequence[Asked], reports: _Reports, providers: Providers
) -> int:
    now = business_now(db)
    hold(db, {one.row.run_id for one in opened if one.row.run_id is not None})
    changes, found = [], []
    for one, answer in zip(opened, asked, strict=True):
        row, provider = one.row, providers.by_name.get(one.row.provider)
        facts = Facts(
            topic=row.topic,
            tries=row.tries,
            asked=answer,
            silence_means_unsent=bool(provider and provider.can.silence_means_unsent),
            reports=bool(provider and provider.can.reports_delivery),
            heard_later=row.provider in reports.heard and reports.heard[row.provider] > row.claimed_at,
            is_over=bool(row.is_over) and reports.are_in(row),
        )
        verdict = judge(facts)
        if verdict is None:
            continue
        told = Decision(at=now, verdict=verdict.verdict, reason=verdict.reason, facts={"provider": row.provider})
        changes.append(_change(row.id, verdict.then, told, answer.found))
        if answer.found:
            found.append(row.id)
        if verdict.then == "queued":
            ring(db, row.lane)
    wake(db, record(db, changes, now=now), now=now)
    watch(db, found, after=pace.LOOKS[0], is_leased=False)  # its claim's may be over
    return len(changes)


def _change(attempt_id: Any, then: str | None, told: Decision, found: Found | None) -> Change:
    if found is not None:
        state = PROVES.get(found.kind, "accepted")
        return Change(attempt_id=attempt_id, state=state, ref=found.ref, reason=found.reason, decision=told)
    return Change(attempt_id=attempt_id, state="lost", reason=told.reason, then=then, decision=told)
