"""Give what was set aside another chance."""

from datetime import datetime

import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from notifier.catalog.types import BULK
from notifier.db import ring
from notifier.errors import Conflict
from notifier.messages.draft import Decision

_TRIGGER = text("""
    WITH failed AS (DELETE FROM handled_triggers WHERE trigger_id = :id AND error <> '' RETURNING *)
    INSERT INTO pending_triggers (trigger_id, customer_id, time, lane, decisions)
    SELECT t.id, t.customer_id, t.time,
           CASE WHEN t.type = ANY(:bulk) AND NOT EXISTS (
               SELECT FROM pending_triggers p WHERE p.customer_id = t.customer_id AND p.lane = 'transactional'
           ) THEN 'bulk' ELSE 'transactional' END,
           CAST(CAST(failed.decisions AS jsonb) || CAST(:decision AS jsonb) AS json)
    FROM failed JOIN triggers t ON t.id = failed.trigger_id RETURNING trigger_id
""")
_RUN = text("""
    UPDATE runs SET state = 'open', tries = 0, error = '', due_at = least(due_at, :now),
           decisions = decisions || CAST(:decision AS jsonb)
    WHERE id = :id AND state = 'failed' RETURNING id
""")


class NotSetAside(Conflict):
    """Only what is set aside as failed can be replayed."""


def replay_trigger(db: Session, trigger_id: int, *, now: datetime) -> None:
    """
    Handle a failed trigger again; what it asks for is made once, however often it is replayed.

    Raises:
        NotSetAside: it is not failed, or there is no such trigger.
    """
    if not _again(db, _TRIGGER, trigger_id, now):
        raise NotSetAside(f"Trigger {trigger_id} is not set aside as failed.")
    ring(db, "triggers")


def replay_run(db: Session, run_id: int, *, now: datetime) -> None:
    """
    Take a failed run up where it stood.

    Raises:
        NotSetAside: it is not failed, or there is no such run.
    """
    if not _again(db, _RUN, run_id, now):
        raise NotSetAside(f"Run {run_id} is not set aside as failed.")
    ring(db, "runs")


def _again(db: Session, update: TextClause, ident: int, now: datetime) -> bool:
    decision = msgspec.json.encode([Decision(at=now, verdict="replayed", reason="replayed")]).decode()
    given = {"id": ident, "decision": decision, "now": now, "bulk": BULK}
    return db.execute(update, given).first() is not None
