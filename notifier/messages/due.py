"""The rows that say what is to be sent: put there with the message, taken by a claim, taken back by a cancellation."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import copy, ring, rows
from notifier.messages.draft import Decision, Draft

_COLUMNS = ("message_id", "customer_id", "lane", "channel", "topic", "journey", "due_at")
_AGAIN = """
    INSERT INTO due_messages (message_id, customer_id, lane, channel, topic, journey, due_at, not_before, number, tries)
    SELECT m.id, m.customer_id, m.lane, m.channel, m.topic, m.journey, m.due_at, n.not_before, made.number, made.tries
    FROM unnest(%(ids)b::uuid[], %(not_before)b::timestamptz[]) AS n(id, not_before)
    JOIN messages m ON m.id = n.id,
    LATERAL (SELECT count(*) + 1 AS number, count(*) FILTER (WHERE a.state <> 'handed-back') AS tries
             FROM attempts a WHERE a.message_id = m.id) AS made
    ON CONFLICT (message_id) DO UPDATE SET not_before = excluded.not_before
"""
_OF_RUNS = text("""
    SELECT id FROM messages WHERE run_id = ANY(:runs) AND state IN ('planned', 'queued')
    ORDER BY id FOR NO KEY UPDATE
""")
# Run by run, whatever the statistics of a table that is growing fast say of joining it.
_AT_PLACES = text("""
    SELECT found.id FROM unnest(CAST(:runs AS bigint[]), CAST(:steps AS text[]), CAST(:channels AS text[]))
        AS o(run, step, channel)
    CROSS JOIN LATERAL (
        SELECT m.id FROM messages m WHERE m.run_id = o.run AND m.step = o.step AND m.channel = o.channel
        AND m.state IN ('planned', 'queued') OFFSET 0
    ) AS found
""")
_STILL_UNSENT = text("""
    SELECT id FROM messages WHERE id = ANY(:ids) AND state IN ('planned', 'queued') ORDER BY id FOR NO KEY UPDATE
""")
_CANCEL = text("""
    UPDATE messages SET state = 'cancelled', reason = :reason, decisions = decisions || CAST(:decision AS jsonb)
    WHERE id = ANY(:ids)
""")
_TAKE_BACK = text("DELETE FROM due_messages WHERE message_id = ANY(:ids) RETURNING message_id")


def put(db: Session, drafts: Iterable[tuple[UUID, Draft]]) -> None:
    """Make those of new messages due that are planned, each at its time; rings the lanes that get work."""
    planned = [(ident, one) for ident, one in drafts if one.state == "planned"]
    if not planned:
        return
    copy(
        db,
        "due_messages",
        _COLUMNS,
        ((ident, one.customer_id, one.lane, one.channel, one.topic, one.journey, one.due_at) for ident, one in planned),
    )
    for lane in {one.lane for _, one in planned}:
        ring(db, lane)


def again(db: Session, messages: Mapping[UUID, datetime | None]) -> None:
    """Make messages due for another try, each not before its machine time; the caller has locked them."""
    if messages:
        rows(db, _AGAIN, {"ids": list(messages), "not_before": list(messages.values())})


def take_back(db: Session, message_ids: Collection[UUID]) -> set[UUID]:
    """
    Make messages due no more, and return those that were: a call of the others is being made, or was.

    The caller has locked the messages. A claim that is just being made is waited for, and wins.
    """
    return set(db.execute(_TAKE_BACK, {"ids": sorted(message_ids)}).scalars()) if message_ids else set()


def cancel(db: Session, run_ids: Collection[int], *, reason: str, at: datetime) -> int:
    """
    Cancel every unsent message of these runs and return how many there were.

    The caller holds the runs' locks (order: run, message, attempt). A message whose call is being made stays as it is:
    it is too late for it, and its outcome is recorded as any other.
    """
    if not run_ids:
        return 0
    return _cancel(db, db.execute(_OF_RUNS, {"runs": list(run_ids)}).scalars().all(), reason, at)


def overtake(db: Session, places: Collection[tuple[int, str, str]], *, at: datetime) -> None:
    """
    Cancel what is still unsent at these places (run, step, channel): the run has gone on to the step's next channel,
    and nobody should read the same notice twice.
    """
    if not places:
        return
    runs, steps, channels = zip(*sorted(places), strict=True)
    wanted = {"runs": list(runs), "steps": list(steps), "channels": list(channels)}
    if unsent := list(db.execute(_AT_PLACES, wanted).scalars()):
        _cancel(db, db.execute(_STILL_UNSENT, {"ids": unsent}).scalars().all(), "overtaken", at)


def _cancel(db: Session, unsent: Collection[UUID], reason: str, at: datetime) -> int:
    waiting = sorted(take_back(db, unsent))
    if waiting:
        decision = msgspec.json.encode([Decision(at=at, verdict="cancelled", reason=reason)]).decode()
        db.execute(_CANCEL, {"ids": waiting, "reason": reason, "decision": decision})
    return len(waiting)
