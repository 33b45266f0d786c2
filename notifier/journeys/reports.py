"""A message's outcome changed: its run may go on."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import ring

_WAKE = text("""
    UPDATE runs SET due_at = :now WHERE id IN (
        SELECT id FROM runs
        WHERE id = ANY(:runs) AND state = 'open' AND position ->> 'state' = 'reports' AND due_at > :now
        ORDER BY id FOR UPDATE
    ) RETURNING id
""")


def wake(db: Session, run_ids: Collection[int], *, now: datetime) -> None:
    """Make those of the runs due that wait for a report, and ring `runs`; the others are left alone."""
    if run_ids and db.execute(_WAKE, {"runs": list(run_ids), "now": now}).first():
        ring(db, "runs")
