"""Write down what calls came to, in sets, and what follows for retries, senders and addresses."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.clock import machine_now
from notifier.consent.suppress import suppress
from notifier.db import ring
from notifier.journeys.reports import wake
from notifier.messages.draft import Decision
from notifier.messages.outcomes import Change, record
from notifier.providers.contract import Accepted, NotSent, Outcome, Refused
from notifier.sending import pace
from notifier.sending.claim import Call
from notifier.sending.retry import GiveUp, next_try
from notifier.settings import Settings


class HandedBack(Struct, frozen=True):
    """The claim was too old to be called."""


class Answered(Struct, frozen=True):
    """A call and what came of it."""

    call: Call
    outcome: Outcome | HandedBack


_jitter = random.SystemRandom()
_AWAIT = text("""
    UPDATE attempts SET evidence_at = claimed_at + make_interval(secs => :first),
           evidence_until = claimed_at + make_interval(secs => :until)
    WHERE id = ANY(:ids) AND state = 'unknown' AND evidence_until IS NULL
""")
_UNCOUNT = text("UPDATE messages SET attempts_made = greatest(attempts_made - 1, 0) WHERE id = ANY(:ids)")
_PAUSE = text("""
    INSERT INTO sender_pauses (provider, sender, until, reason)
    VALUES (:provider, :sender, clock_timestamp() + make_interval(secs => :seconds), :reason)
    ON CONFLICT (provider, sender) DO UPDATE
    SET until = greatest(sender_pauses.until, excluded.until), reason = excluded.reason
""")
_INVALID = text("""
    UPDATE contact_points SET state = 'invalid', reason = :reason
    WHERE channel = :channel AND address = :address AND state <> 'invalid'
""")
_SUPPRESSIONS = {"opted-out": "stop", "suppressed": "provider"}
PACING = 1.0
"""Seconds a sender rests when the provider says 429 and not how long."""


def settle(db: Session, answers: Sequence[Answered], settings: Settings, *, now: datetime) -> None:
    """Settle calls that returned. Never lowers what a callback has raised meanwhile. `now` is business time."""
    machine = machine_now(db)
    changes = [_change(one, now, machine) for one in answers]
    runs = record(db, changes, now=now)
    await_evidence(db, [change.attempt_id for change in changes if change.state == "unknown"], settings)
    if back := [one.call.message_id for one in answers if isinstance(one.outcome, HandedBack)]:
        db.execute(_UNCOUNT, {"ids": sorted(back)})
    for one in answers:
        if isinstance(one.outcome, NotSent):
            _pause(db, one.call, one.outcome)
        elif isinstance(one.outcome, Refused):
            _follow(db, one.call, one.outcome, now)
    wake(db, runs, now=now)


def await_evidence(db: Session, attempt_ids: Sequence[UUID], settings: Settings) -> None:
    """Say when evidence of these unknown attempts is looked for, and until when; rings the lane that does it."""
    if not attempt_ids:
        return
    first = pace.first_look(settings)
    until = max(settings.evidence_seconds, first)
    db.execute(_AWAIT, {"ids": sorted(attempt_ids), "first": first, "until": until})
    ring(db, "unknown")


def _change(one: Answered, now: datetime, machine: datetime) -> Change:
    ident, outcome = one.call.outgoing.attempt_id, one.outcome
    if isinstance(outcome, Accepted):
        return Change(attempt_id=ident, state="accepted", ref=outcome.ref or None)
    if isinstance(outcome, Refused):
        return Change(attempt_id=ident, state="refused", reason=outcome.reason, detail=outcome.detail, then="failed")
    if isinstance(outcome, HandedBack):
        return Change(attempt_id=ident, state="handed-back", reason="claim-too-old", then="queued")
    if not isinstance(outcome, NotSent):
        return Change(attempt_id=ident, state="unknown", reason="no-answer", detail=outcome.detail)
    chance = _jitter.random()
    after = next_try(tries=one.call.tries, reason=outcome.reason, retry_after=outcome.retry_after, chance=chance)
    unsent = Change(attempt_id=ident, state="not-sent", reason=outcome.reason, detail=outcome.detail)
    facts: dict[str, object] = {"tries": one.call.tries, "detail": outcome.detail}
    if isinstance(after, GiveUp):
        gone = Decision(at=now, verdict="failed", reason=after.reason, facts=facts)
        return replace(unsent, then="failed", decision=gone)
    facts["seconds"] = round(after.seconds, 2)
    again = Decision(at=now, verdict="requeued", reason=outcome.reason, facts=facts)
    return replace(unsent, then="queued", not_before=machine + timedelta(seconds=after.seconds), decision=again)


def _pause(db: Session, call: Call, outcome: NotSent) -> None:
    if outcome.reason in {"pacing", "account"}:
        sender = call.provider.sender(call.outgoing.channel)
        seconds = PACING if outcome.retry_after is None else outcome.retry_after
        values = {"provider": call.provider.name, "sender": sender, "seconds": seconds, "reason": outcome.reason}
        db.execute(_PAUSE, values)


def _follow(db: Session, call: Call, outcome: Refused, now: datetime) -> None:
    channel, address = call.outgoing.channel, call.outgoing.to
    if outcome.reason == "bad-address" and outcome.permanent:
        db.execute(_INVALID, {"channel": channel, "address": address, "reason": outcome.reason})
    if outcome.reason in _SUPPRESSIONS:
        evidence = {"source": call.provider.name, "message": str(call.message_id), "detail": outcome.detail}
        suppress(db, channel, address, reason=_SUPPRESSIONS[outcome.reason], evidence=evidence, at=now)
