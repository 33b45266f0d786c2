"""A message's outcome changed: its run may go on."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import by_key, ring

# `lower`: or an index of all open runs may be read to find these, by statistics from when there were none.
_WAKE = text("""
    UPDATE runs SET due_at = :now WHERE id IN (
        SELECT id FROM runs
        WHERE id = ANY(:runs) AND lower(state) = 'open' AND position ->> 'state' = 'reports' AND due_at > :now
        ORDER BY id FOR UPDATE
    ) RETURNING id
""")
_HOLD = text("SELECT id FROM runs WHERE id = ANY(:runs) AND lower(state) = 'open' ORDER BY id FOR NO KEY UPDATE")


def hold(db: Session, run_ids: Collection[int]) -> None:
    """
    Lock the open ones of the runs, before any of their messages is: locks go run, message, attempt.

    Whoever is about to change outcomes and then to `wake` begins with it. It also waits for a run that is just
    moving on, so that no outcome falls between its look at the outcomes and its decision to wait for one.
    """
    if run_ids:
        with by_key(db):
            db.execute(_HOLD, {"runs": sorted(run_ids)})


def wake(db: Session, run_ids: Collection[int], *, now: datetime) -> None:
    """Make those of the runs due that wait for a report, and ring `runs`; the others are left alone."""
    if not run_ids:
        return
    with by_key(db):
        if db.execute(_WAKE, {"runs": list(run_ids), "now": now}).first():
            ring(db, "runs")
