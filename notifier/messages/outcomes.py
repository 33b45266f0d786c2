"""Raise attempts to what has been learnt of them, and their messages with them, in sets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import by_key
from notifier.messages import due
from notifier.messages.draft import Decision
from notifier.messages.reported.known import keep_refs
from notifier.messages.states import ATTEMPT_RANK, FAILED, SETTLED, WAITING, derive, engaged


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
    decision: Decision | None = None
    """Added to the message's trail."""


_LOCK = text("""
    SELECT m.id, m.state, m.engagement, m.run_id, m.sent_at, m.reason FROM messages m
    WHERE m.id IN (SELECT message_id FROM attempts WHERE id = ANY(:attempts)) ORDER BY m.id FOR NO KEY UPDATE
""")
_ATTEMPTS = text("""
    SELECT a.id, a.message_id, a.state, a.provider, a.ref, a.reason, d.message_id IS NOT NULL AS is_due
    FROM attempts a LEFT JOIN due_messages d ON d.message_id = a.message_id
    WHERE a.message_id = ANY(:messages) ORDER BY a.message_id, a.number
""")
_RAISE = text("""
    UPDATE attempts a SET state = c.state, ref = coalesce(c.ref, a.ref), settled_at = clock_timestamp(),
           reason = c.reason, detail = c.detail,
           evidence_at = CASE WHEN c.state = 'unknown' THEN coalesce(a.evidence_at, clock_timestamp()) END
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS c(id uuid, state text, ref text, reason text, detail text)
    WHERE a.id = c.id
""")
_SETTLE = text("""
    UPDATE messages m SET state = c.state, reason = c.reason, engagement = c.engagement,
           provider = coalesce(c.provider, m.provider), provider_ref = coalesce(c.ref, m.provider_ref),
           sent_at = c.sent_at, decisions = m.decisions || c.decisions
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS c(id uuid, state text, reason text, engagement text, provider text, ref text, sent_at timestamptz,
              decisions jsonb)
    WHERE m.id = c.id
""")


class _Settled(Struct, frozen=True, kw_only=True):
    """What becomes of a message; a row of `_SETTLE`."""

    id: UUID
    state: str
    reason: str
    engagement: str | None
    provider: str
    ref: str | None
    sent_at: datetime | None
    decisions: list[Decision]


class _Raised(Struct, frozen=True, kw_only=True):
    """What becomes of an attempt; a row of `_RAISE`."""

    id: UUID
    state: str
    ref: str | None
    reason: str
    detail: str


def record(db: Session, changes: Sequence[Change], *, now: datetime) -> set[int]:
    """
    Apply the changes and return the runs one of whose messages reached or changed an outcome.

    Order and repetition of the changes do not matter: rank decides. `now` is business time. Messages are locked in
    order of id, then their attempts; unknown attempt ids are ignored.
    """
    if not changes:
        return set()
    with by_key(db):
        return _record(db, changes, now)


def _record(db: Session, changes: Sequence[Change], now: datetime) -> set[int]:
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
    db.execute(_SETTLE, {"rows": msgspec.json.encode(rows).decode()})
    _due(db, rows, messages, told, raised)
    changed = [row for row in rows if row.state != messages[row.id].state and row.state in SETTLED]
    return {messages[row.id].run_id for row in changed if messages[row.id].run_id is not None}


def _due(
    db: Session,
    rows: Sequence[_Settled],
    messages: dict[UUID, Any],
    told: dict[UUID, list[Change]],
    raised: dict[UUID, Change],
) -> None:
    """Make due again what is to be tried again; take back a try that has become needless."""
    wanted = {row.id: _wanted(told[row.id], raised) for row in rows if row.state == "queued"}
    due.again(db, {ident: one.not_before for ident, one in wanted.items() if one})
    due.take_back(db, [row.id for row in rows if row.state not in WAITING and messages[row.id].state in WAITING])


def _raise(
    db: Session, changes: Sequence[Change], home: dict[UUID, UUID], attempts: dict[UUID, dict[UUID, Any]]
) -> dict[UUID, Change]:
    best: dict[UUID, Change] = {}
    for change in changes:
        known = attempts[home[change.attempt_id]][change.attempt_id].state
        standing = best[change.attempt_id].state if change.attempt_id in best else known
        if ATTEMPT_RANK[change.state] > ATTEMPT_RANK[standing]:
            best[change.attempt_id] = change
    rows = [
        _Raised(id=ident, state=one.state, ref=one.ref, reason=one.reason, detail=one.detail)
        for ident, one in sorted(best.items())  # all lock attempts in order of their ids
    ]
    db.execute(_RAISE, {"rows": msgspec.json.encode(rows).decode()})
    known = ((attempts[home[one.attempt_id]][one.attempt_id], one.ref) for one in best.values())
    keep_refs(db, [(row.provider, ref, row.id) for row, ref in known if ref])
    return best


def _settled(
    message: Any, attempts: dict[UUID, Any], told: list[Change], raised: dict[UUID, Change], now: datetime
) -> _Settled:
    states = [raised[ident].state if ident in raised else row.state for ident, row in attempts.items()]
    last, wanted = told[-1], _wanted(told, raised)
    is_due = any(row.is_due for row in attempts.values()) or bool(wanted and wanted.then == "queued")
    state = derive(wanted.then if wanted and wanted.then else message.state, states, is_due=is_due)
    engagement = message.engagement
    for change in told:
        engagement = engaged(engagement, change.engagement or "")
    shown = next((ident for ident, row in reversed(attempts.items()) if _is_live(ident, row, raised)), last.attempt_id)
    ref = (raised[shown].ref if shown in raised else None) or attempts[shown].ref
    is_sent = state in {"sent", "delivered", "undelivered", "bounced"}
    return _Settled(
        id=message.id,
        state=state,
        reason=_reason(message, state, attempts, told, raised),
        engagement=engagement,
        provider=attempts[shown].provider,
        ref=ref,
        sent_at=message.sent_at or (now if is_sent else None),
        decisions=[change.decision for change in told if change.decision],
    )


def _reason(message: Any, state: str, attempts: dict[UUID, Any], told: list[Change], raised: dict[UUID, Change]) -> str:
    """Return why the message is where it is: as its last attempt says, when they have failed, whichever came first."""
    if state in {"sent", "delivered"}:
        return ""
    if state in FAILED.values():
        now = ((raised.get(ident) or row) for ident, row in reversed(attempts.items()))
        if (failed := next((one for one in now if one.state in FAILED), None)) is not None:
            return str(failed.reason)
    if state == message.state:
        return str(message.reason)
    return next((one.reason for one in reversed(told) if one.attempt_id in raised and one.reason), "")


def _wanted(told: Sequence[Change], raised: dict[UUID, Change]) -> Change | None:
    """Return the last change that says what is to follow, if it was the one that raised its attempt."""
    return next((change for change in reversed(told) if change.then and change.attempt_id in raised), None)


def _is_live(ident: UUID, row: Any, raised: dict[UUID, Change]) -> bool:
    state = raised[ident].state if ident in raised else row.state
    return ATTEMPT_RANK[state] >= ATTEMPT_RANK["accepted"]
