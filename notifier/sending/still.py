"""Ask of claimed messages, right before they are called, whether what was planned is still true."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.consent.state import allowed
from notifier.messages.draft import Decision
from notifier.sending.verdicts import Held

_LOAD = text("""
    SELECT m.id, m.customer_id, m.run_id, m.channel, m.address, m.topic, m.template, m.locale, m.timezone, m.country,
           m.due_at, m.expires_at, m.attempts_made, c.name AS customer_name, t.data, r.state AS run_state,
           p.address AS known_address, p.state AS point_state, s.reason AS suppression
    FROM messages m
    LEFT JOIN customers c ON c.id = m.customer_id
    LEFT JOIN triggers t ON t.id = m.trigger_id
    LEFT JOIN runs r ON r.id = m.run_id
    LEFT JOIN contact_points p ON p.customer_id = m.customer_id AND p.channel = m.channel
    LEFT JOIN suppressions s ON s.channel = m.channel AND s.address = m.address AND s.lifted_at IS NULL
    WHERE m.id = ANY(:ids) ORDER BY m.due_at, m.id
""")


def load(db: Session, ids: Sequence[UUID]) -> Sequence[Any]:
    """Read the messages with everything their words and the verdict need."""
    return db.execute(_LOAD, {"ids": ids}).all()


def ask(db: Session, rows: Sequence[Any], *, now: datetime) -> dict[UUID, Held]:
    """Return those that are not to be called now, each with what becomes of it."""
    consent = allowed(db, {row.customer_id for row in rows})
    held = {}
    for row in rows:
        reason = dropped(row, may=consent[row.customer_id].get((row.topic, row.channel), True), now=now)
        if reason:
            decision = Decision(at=now, verdict="dropped", reason=reason)
            held[row.id] = Held(state="expired" if reason == "expired" else "cancelled", decision=decision)
    return held


def dropped(row: Any, *, may: bool, now: datetime) -> str:
    """Return why a message is no longer to be sent, or nothing; pure."""
    if row.expires_at <= now:
        return "expired"
    if row.run_state == "ended":
        return "run-ended"
    if row.suppression:
        return f"suppressed-{row.suppression}"
    if not may:
        return "no-consent"
    if row.known_address == row.address and row.point_state == "invalid":
        return "bad-address"
    return ""
