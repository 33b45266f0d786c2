"""What needs a person: triggers and runs set aside, and calls of which nobody can tell yet what became of them."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.journeys.pending import TRIES

PAGE = 50


def failed_triggers(db: Session, *, before: int | None = None, limit: int = PAGE) -> list[dict[str, Any]]:
    """Return triggers set aside after repeated errors, newest first, below the cursor `before` (an id)."""
    return _read(db, _TRIGGERS, before=before, limit=limit, tries=TRIES)


def failed_runs(db: Session, *, before: int | None = None, limit: int = PAGE) -> list[dict[str, Any]]:
    """Return runs set aside after repeated errors, newest first, below the cursor `before` (an id)."""
    return _read(db, _RUNS, before=before, limit=limit)


def unknown_calls(db: Session, *, after: UUID | None = None, limit: int = PAGE) -> list[dict[str, Any]]:
    """
    Return the calls of which nobody knows whether they were taken, oldest first, above the cursor `after` (an id).

    `evidence_until` is when the topic's policy decides, and `is_over` whether that has passed (machine time).
    """
    return _read(db, _UNKNOWN, after=after, limit=limit)


def unknown_by_provider(db: Session) -> list[dict[str, Any]]:
    """Return how many calls of each provider are unknown now, since when (machine time) and for how many seconds."""
    return _read(db, _BY_PROVIDER)


def _read(db: Session, statement: str, **given: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute(text(statement), given).mappings()]


_TRIGGERS = """
    SELECT t.id, t.type, t.event_id, t.source, t.customer_id, t.time, :tries AS tries, h.error,
           coalesce(nullif(c.name, ''), t.customer_id) AS customer
      FROM handled_triggers h JOIN triggers t ON t.id = h.trigger_id LEFT JOIN customers c ON c.id = t.customer_id
     WHERE h.error <> '' AND h.trigger_id < coalesce(:before, 9223372036854775807)
     ORDER BY h.trigger_id DESC LIMIT :limit
"""
_RUNS = """
    SELECT r.id, r.journey, r.version, r.incident, r.customer_id, r.started_at, r.tries, r.error,
           coalesce(nullif(c.name, ''), r.customer_id) AS customer
      FROM runs r LEFT JOIN customers c ON c.id = r.customer_id
     WHERE r.state = 'failed' AND r.id < coalesce(:before, 9223372036854775807)
     ORDER BY r.id DESC LIMIT :limit
"""
_UNKNOWN = """
    SELECT a.id, a.message_id, a.provider, a.claimed_at, a.evidence_until,
           coalesce(a.evidence_until <= clock_timestamp(), false) AS is_over, m.customer_id, m.channel, m.template,
           m.topic, coalesce(nullif(c.name, ''), m.customer_id) AS customer
      FROM attempts a JOIN messages m ON m.id = a.message_id LEFT JOIN customers c ON c.id = m.customer_id
     WHERE a.state = 'unknown' AND a.evidence_at IS NOT NULL AND (CAST(:after AS uuid) IS NULL OR a.id > :after)
     ORDER BY a.id LIMIT :limit
"""
# Only the partial index of what is unknown is read: of how many there are, not of how many there ever were.
_BY_PROVIDER = """
    SELECT provider, count(*) AS many, min(claimed_at) AS oldest,
           extract(epoch FROM clock_timestamp() - min(claimed_at)) AS seconds
      FROM attempts WHERE state = 'unknown' AND evidence_at IS NOT NULL GROUP BY provider ORDER BY provider
"""
