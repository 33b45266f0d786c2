"""What needs a person: triggers and runs set aside, and messages of which nobody can tell yet whether they went out."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

PAGE = 50


def failed_triggers(db: Session, *, before: int | None = None, limit: int = PAGE) -> list[dict[str, Any]]:
    """Return triggers set aside after repeated errors, newest first, below the cursor `before` (an id)."""
    return _read(db, _TRIGGERS, before=before, limit=limit)


def failed_runs(db: Session, *, before: int | None = None, limit: int = PAGE) -> list[dict[str, Any]]:
    """Return runs set aside after repeated errors, newest first, below the cursor `before` (an id)."""
    return _read(db, _RUNS, before=before, limit=limit)


def unknown_messages(db: Session, *, limit: int = PAGE) -> list[dict[str, Any]]:
    """Return messages in state `unknown`, newest first, with the time at which their topic's policy decides."""
    return _read(db, _UNKNOWN, limit=limit)


def _read(db: Session, statement: str, **given: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute(text(statement), given).mappings()]


_TRIGGERS = """
    SELECT t.id, t.type, t.event_id, t.source, t.customer_id, t.time, t.tries, t.error,
           coalesce(nullif(c.name, ''), t.customer_id) AS customer
      FROM triggers t LEFT JOIN customers c ON c.id = t.customer_id
     WHERE t.state = 'failed' AND t.id < coalesce(:before, 9223372036854775807)
     ORDER BY t.id DESC LIMIT :limit
"""
_RUNS = """
    SELECT r.id, r.journey, r.version, r.incident, r.customer_id, r.started_at, r.tries, r.error,
           coalesce(nullif(c.name, ''), r.customer_id) AS customer
      FROM runs r LEFT JOIN customers c ON c.id = r.customer_id
     WHERE r.state = 'failed' AND r.id < coalesce(:before, 9223372036854775807)
     ORDER BY r.id DESC LIMIT :limit
"""
_UNKNOWN = """
    SELECT m.id, m.customer_id, m.channel, m.template, m.topic, m.created_at, m.reason, a.evidence_until,
           a.claimed_at, a.provider, coalesce(nullif(c.name, ''), m.customer_id) AS customer
      FROM messages m
      LEFT JOIN customers c ON c.id = m.customer_id
      LEFT JOIN LATERAL (
          SELECT provider, claimed_at, evidence_until FROM attempts
           WHERE message_id = m.id AND state = 'unknown' ORDER BY number DESC LIMIT 1
      ) AS a ON true
     WHERE m.id IN (SELECT message_id FROM attempts WHERE state = 'unknown') AND m.state = 'unknown'
     ORDER BY m.id DESC LIMIT :limit
"""
