"""Raise attempts to what has been learnt of them, and their messages with them, in sets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.messages.draft import Decision
from notifier.messages.states import ATTEMPT_RANK, SETTLED, derive, engaged


class Change(Struct, frozen=True, kw_only=True):
    """Something learnt of one attempt: by its call's answer, by a report, or by evidence."""

    attempt_id: UUID
    state: str
    """An attempt state; applied only when it ranks higher than what is known."""
    ref: str | None = None
    reason: str = ""
    detail: str = ""
    engagement: str | None = None
    then: str | None = None
    """The message's state if no attempt says better: `queued` for a retry, `failed` to give up."""
    not_before: datetime | None = None
    """With `then="queued"`: machine time before which it is not tried again."""
    look_at: datetime | None = None
    """Machine time at which the provider is asked about it, should no last report have come by then."""
    decision: Decision | None = None
    """Added to the message's trail."""


_LOCK = text("""
    SELECT m.id, m.state, m.engagement, m.run_id, m.sent_at, m.reason FROM messages m
    WHERE m.id IN (SELECT message_id FROM attempts WHERE id = ANY(:attempts)) ORDER BY m.id FOR NO KEY UPDATE
""")
_ATTEMPTS = text("""
    SELECT id, message_id, state, provider, ref FROM attempts
    WHERE message_id = ANY(:messages) ORDER BY message_id, number
""")
_RAISE = text("""
    UPDATE attempts a SET state = c.state, ref = coalesce(c.ref, a.ref), settled_at = clock_timestamp(),
           reason = c.reason, detail = c.detail,
           look_at = CASE WHEN c.state IN ('accepted', 'sent') THEN coalesce(c.look_at, a.look_at) END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:refs AS text[]), CAST(:reasons AS text[]),
                CAST(:details AS text[]), CAST(:looks AS timestamptz[])) AS c(id, state, ref, reason, detail, look_at)
    WHERE a.id = c.id
""")
_SETTLE = text("""
    UPDATE messages m SET state = c.state, reason = c.reason, engagement = c.engagement,
           provider = coalesce(c.provider, m.provider), provider_ref = coalesce(c.ref, m.provider_ref),
           sent_at = c.sent_at, not_before = c.not_before, decisions = m.decisions || CAST(c.decisions AS jsonb)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:engagements AS text[]),
                CAST(:providers AS text[]), CAST(:refs AS text[]), CAST(:sent AS timestamptz[]),
                CAST(:not_before AS timestamptz[]), CAST(:decisions AS text[]))
         AS c(id, state, reason, engagement, provider, ref, sent_at, not_before, decisions)
    WHERE m.id = c.id
""")


def record(db: Session, changes: Sequence[Change], *, now: datetime) -> set[int]:
    """
    Apply the changes and return the runs one of whose messages reached or changed an outcome.

    Order and repetition of the changes do not matter: rank decides. `now` is business time. Messages are locked in
    order of id, then their attempts; unknown attempt ids are ignored.
    """
    if not changes:
        return set()
    messages = {row.id: row for row in db.execute(_LOCK, {"attempts": [change.attempt_id for change in changes]})}
    attempts: dict[UUID, dict[UUID, Any]] = {ident: {} for ident in messages}
    home: dict[UUID, UUID] = {}
    for row in db.execute(_ATTEMPTS, {"messages": list(messages)}):
        attempts[row.message_id][row.id] = row
        home[row.id] = row.message_id
    raised = _raise(db, [change for change in changes if change.attempt_id in home], home, attempts)
    told: dict[UUID, list[Change]] = {}
    for change in changes:
        if change.attempt_id in home:
            told.setdefault(home[change.attempt_id], []).append(change)
    rows = [_settled(messages[ident], attempts[ident], told[ident], raised, now) for ident in sorted(told)]
    db.execute(_SETTLE, {name: [row[name] for row in rows] for name in rows[0]} if rows else _NOTHING)
    return {
        messages[row["ids"]].run_id
        for row in rows
        if messages[row["ids"]].run_id is not None
        and row["states"] != messages[row["ids"]].state
        and (row["states"] in SETTLED or row["states"] in {"sent", "unknown"})
    }


_NOTHING: dict[str, list[Any]] = {
    name: []
    for name in ("ids", "states", "reasons", "engagements", "providers", "refs", "sent", "not_before", "decisions")
}


def _raise(
    db: Session, changes: Sequence[Change], home: dict[UUID, UUID], attempts: dict[UUID, dict[UUID, Any]]
) -> dict[UUID, Change]:
    best: dict[UUID, Change] = {}
    for change in changes:
        known = attempts[home[change.attempt_id]][change.attempt_id].state
        standing = best[change.attempt_id].state if change.attempt_id in best else known
        if ATTEMPT_RANK[change.state] > ATTEMPT_RANK[standing]:
            best[change.attempt_id] = change
    ordered = sorted(best)
    db.execute(
        _RAISE,
        {
            "ids": ordered,
            "states": [best[ident].state for ident in ordered],
            "refs": [best[ident].ref for ident in ordered],
            "reasons": [best[ident].reason for ident in ordered],
            "details": [best[ident].detail for ident in ordered],
            "looks": [best[ident].look_at for ident in ordered],
        },
    )
    return best


def _settled(
    message: Any, attempts: dict[UUID, Any], told: list[Change], raised: dict[UUID, Change], now: datetime
) -> dict[str, Any]:
    states = [raised[ident].state if ident in raised else row.state for ident, row in attempts.items()]
    last = told[-1]
    wanted = next((change for change in reversed(told) if change.then and change.attempt_id in raised), None)
    state = derive(wanted.then if wanted and wanted.then else message.state, states)
    engagement = message.engagement
    for change in told:
        engagement = engaged(engagement, change.engagement or "")
    shown = next((ident for ident, row in reversed(attempts.items()) if _is_live(ident, row, raised)), last.attempt_id)
    ref = (raised[shown].ref if shown in raised else None) or attempts[shown].ref
    is_sent = state in {"sent", "delivered", "undelivered", "bounced"}
    reasons = [change.reason for change in told if change.attempt_id in raised and change.reason]
    changed = state != message.state
    return {
        "ids": message.id,
        "states": state,
        "reasons": (reasons[-1] if reasons else "")
        if changed and state not in {"sent", "delivered"}
        else ("" if state in {"sent", "delivered"} else message.reason),
        "engagements": engagement,
        "providers": attempts[shown].provider,
        "refs": ref,
        "sent": message.sent_at or (now if is_sent else None),
        "not_before": wanted.not_before if wanted and state == "queued" else None,
        "decisions": msgspec.json.encode([change.decision for change in told if change.decision]).decode(),
    }


def _is_live(ident: UUID, row: Any, raised: dict[UUID, Change]) -> bool:
    state = raised[ident].state if ident in raised else row.state
    return ATTEMPT_RANK[state] >= ATTEMPT_RANK["accepted"]
