"""Give what was set aside another chance."""

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from notifier.db import ring
from notifier.errors import Conflict

_TRIGGER = text(
    "UPDATE triggers SET state = 'pending', tries = 0, error = '' WHERE id = :id AND state = 'failed' RETURNING id"
)
_RUN = text("UPDATE runs SET state = 'open', tries = 0, error = '' WHERE id = :id AND state = 'failed' RETURNING id")


class NotSetAside(Conflict):
    """Only what is set aside as failed can be replayed."""


def replay_trigger(db: Session, trigger_id: int) -> None:
    """
    Handle a failed trigger again; what it asks for is made once, however often it is replayed.

    Raises:
        NotSetAside: it is not failed, or there is no such trigger.
    """
    _again(db, _TRIGGER.bindparams(id=trigger_id), "triggers", f"Trigger {trigger_id} is not set aside as failed.")


def replay_run(db: Session, run_id: int) -> None:
    """
    Take a failed run up where it stood.

    Raises:
        NotSetAside: it is not failed, or there is no such run.
    """
    _again(db, _RUN.bindparams(id=run_id), "runs", f"Run {run_id} is not set aside as failed.")


def _again(db: Session, update: TextClause, lane: str, otherwise: str) -> None:
    if db.execute(update).first() is None:
        raise NotSetAside(otherwise)
    ring(db, lane)
