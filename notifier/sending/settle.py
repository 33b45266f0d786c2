"""Write down what calls came to, in sets, and what follows for retries, senders and addresses."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.clock import machine_now
from notifier.consent.suppress import suppress
from notifier.db import ring, rows
from notifier.journeys.reports import hold, wake
from notifier.messages.accepted import Acceptance, accept
from notifier.messages.draft import Decision
from notifier.messages.outcomes import Change, record
from notifier.providers.contract import Accepted, NotSent, Outcome, Reason, Refused, Unknown
from notifier.sending import pace
from notifier.sending.claims.calls import Call
from notifier.sending.retry import GiveUp, next_try
from notifier.sending.ways import breaker
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
_MADE_FROM = """
    UPDATE messages m SET template_version = n.version, address = n.address
    FROM unnest(%(ids)b::uuid[], %(versions)s::int[], %(to)s::text[]) AS n(id, version, address) WHERE m.id = n.id
"""
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


def settle_accepted(db: Session, answers: Sequence[Answered], *, now: datetime) -> list[Answered]:
    """
    Settle the calls that were plainly accepted; return the others, for `settle` in a transaction of its own.

    Raises:
        Overtaken: somebody settled some of them meanwhile; nothing of this transaction may stand.
    """
    taken = [_acceptance(one.call, one.outcome.ref) for one in answers if isinstance(one.outcome, Accepted)]
    plain = accept(db, taken, now=now)
    settled, left = answers, []
    if len(plain) < len(answers):
        ids = {one.attempt_id for one in plain}
        settled = [one for one in answers if one.call.outgoing.attempt_id in ids]
        left = [one for one in answers if one.call.outgoing.attempt_id not in ids]
    _made_from(db, [one for one in settled if one.call.is_elsewhere])
    return left


def settle(db: Session, answers: Sequence[Answered], settings: Settings, *, now: datetime) -> None:
    """Settle calls that returned, whatever they came to. Never lowers what a callback has raised meanwhile."""
    machine = machine_now(db)
    hold(db, {one.call.run_id for one in answers if one.call.run_id is not None})
    changes = [_change(one, now, machine) for one in answers]
    runs = record(db, changes, now=now)
    await_evidence(db, [change.attempt_id for change in changes if change.state == "unknown"], settings)
    _made_from(db, answers)
    wake(db, runs, now=now)
    _rest(db, answers)
    for one in sorted(answers, key=lambda one: (one.call.outgoing.channel, one.call.outgoing.to)):
        if isinstance(one.outcome, Refused):
            _refused(db, one.call, one.outcome, now)


def _made_from(db: Session, answers: Sequence[Answered]) -> None:
    calls = sorted((one.call for one in answers), key=lambda call: call.message_id)
    if calls:
        versions, addresses = [call.version for call in calls], [call.outgoing.to for call in calls]
        rows(db, _MADE_FROM, {"ids": [call.message_id for call in calls], "versions": versions, "to": addresses})


def _acceptance(call: Call, ref: str) -> Acceptance:
    out, provider = call.outgoing, call.provider
    names_attempt = out.channel in provider.can.names_attempt
    return Acceptance(call.message_id, out.attempt_id, provider.name, ref, call.version, names_attempt)


def await_evidence(db: Session, attempt_ids: Sequence[UUID], settings: Settings) -> None:
    """Say when evidence of these unknown attempts is looked for, and until when; rings the lane that does it."""
    if not attempt_ids:
        return
    first = pace.first_look(settings)
    until = max(settings.evidence_seconds, first)
    db.execute(_AWAIT, {"ids": sorted(attempt_ids), "first": first, "until": until})
    ring(db, "unknown")


def follow(
    db: Session, channel: str, address: str, *, reason: Reason, evidence: Mapping[str, object], now: datetime
) -> None:
    """Do to an address what the reason of a refusal demands."""
    if reason == "bad-address":
        db.execute(_INVALID, {"channel": channel, "address": address, "reason": reason})
    if reason in _SUPPRESSIONS:
        suppress(db, channel, address, reason=_SUPPRESSIONS[reason], evidence=evidence, at=now)


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


def _rest(db: Session, answers: Sequence[Answered]) -> None:
    longest: dict[tuple[str, str], tuple[float, str]] = {}
    for one in answers:
        outcome = one.outcome
        if isinstance(outcome, NotSent) and outcome.reason in {"pacing", "account"}:
            seconds = PACING if outcome.retry_after is None else outcome.retry_after
            who = _sender(one)
            longest[who] = max(longest.get(who, (0.0, "")), (seconds, outcome.reason))
    for (name, sender), (seconds, reason) in sorted(longest.items()):
        db.execute(_PAUSE, {"provider": name, "sender": sender, "seconds": seconds, "reason": reason})
    breaker.judge(db, {_sender(one) for one in answers if _has_failed(one.outcome)} - longest.keys())


def _sender(one: Answered) -> tuple[str, str]:
    return one.call.provider.name, one.call.provider.sender(one.call.outgoing.channel)


def _has_failed(outcome: Outcome | HandedBack) -> bool:
    return isinstance(outcome, NotSent | Unknown)


def _refused(db: Session, call: Call, outcome: Refused, now: datetime) -> None:
    if outcome.reason == "bad-address" and not outcome.permanent:
        return
    evidence = {"source": call.provider.name, "message": str(call.message_id), "detail": outcome.detail}
    follow(db, call.outgoing.channel, call.outgoing.to, reason=outcome.reason, evidence=evidence, now=now)
