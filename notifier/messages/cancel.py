"""Take back what has not been sent."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.messages.draft import Decision

_CANCEL = text("""
    UPDATE messages SET state = 'cancelled', reason = :reason, decisions = decisions || CAST(:decision AS jsonb)
    WHERE id IN (
        SELECT id FROM messages WHERE run_id = ANY(:runs) AND state IN ('planned', 'queued') ORDER BY id FOR UPDATE
    )
""")

_OVERTAKE = text("""
    UPDATE messages SET state = 'cancelled', reason = 'overtaken', decisions = decisions || CAST(:decision AS jsonb)
    WHERE id IN (
        SELECT m.id FROM messages m
        JOIN unnest(CAST(:runs AS bigint[]), CAST(:steps AS text[]), CAST(:channels AS text[])) AS o(run, step, channel)
            ON m.run_id = o.run AND m.step = o.step AND m.channel = o.channel
        WHERE m.state IN ('planned', 'queued') ORDER BY m.id FOR UPDATE OF m
    )
""")


def cancel(db: Session, run_ids: Collection[int], *, reason: str, at: datetime) -> int:
    """
    Cancel every unsent message of these runs and return how many there were.

    The caller holds the runs' locks (order: run, message, attempt). A message whose call is being made stays as it is:
    it is too late for it, and its outcome is recorded as any other.
    """
    if not run_ids:
        return 0
    decision = msgspec.json.encode([Decision(at=at, verdict="cancelled", reason=reason)]).decode()
    result = db.execute(_CANCEL, {"runs": list(run_ids), "reason": reason, "decision": decision})
    return int(result.rowcount)  # type: ignore[attr-defined]  # a cursor result: it is an UPDATE


def overtake(db: Session, places: Collection[tuple[int, str, str]], *, at: datetime) -> None:
    """
    Cancel what is still unsent at these places (run, step, channel): the run has gone on to the step's next channel,
    and nobody should read the same notice twice.
    """
    if not places:
        return
    runs, steps, channels = zip(*sorted(places), strict=True)
    decision = msgspec.json.encode([Decision(at=at, verdict="cancelled", reason="overtaken")]).decode()
    db.execute(_OVERTAKE, {"runs": list(runs), "steps": list(steps), "channels": list(channels), "decision": decision})
