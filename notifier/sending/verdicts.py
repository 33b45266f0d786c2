"""Carry out what was decided of messages that will not be called now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.journeys.reports import hold, wake
from notifier.messages.draft import Decision


class Held(Struct, frozen=True, kw_only=True):
    """A message's new state, with the decision for its trail; `due_at` only when it is postponed."""

    state: Literal["planned", "expired", "cancelled", "failed"]
    decision: Decision
    due_at: datetime | None = None


_HOLD = text("""
    UPDATE messages m SET state = h.state, reason = h.reason, due_at = coalesce(h.due_at, m.due_at),
           decisions = m.decisions || CAST(h.decision AS jsonb)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:dues AS timestamptz[]),
                CAST(:decisions AS text[])) AS h(id, state, reason, due_at, decision)
    WHERE m.id = h.id
""")
_RUNS = text("SELECT id, run_id FROM messages WHERE id = ANY(:ids)")
_STILL = text("""
    SELECT id FROM messages WHERE id = ANY(:ids) AND state IN ('planned', 'queued') ORDER BY id FOR NO KEY UPDATE
""")


def failed(decision: Decision) -> Held:
    """Give a message up."""
    return Held(state="failed", decision=decision)


def postpone(db: Session, held: Mapping[UUID, Held]) -> None:
    """Put off those of the messages that go later; their rows are locked."""
    _carry_out(db, {ident: one for ident, one in held.items() if one.due_at is not None})


def drop(db: Session, dropped: Mapping[UUID, Held], *, now: datetime) -> None:
    """Give up messages for good, unless they have gone on meanwhile, and wake the runs that wait for them."""
    rows = db.execute(_RUNS, {"ids": list(dropped)}).all()
    runs = {row.id: row.run_id for row in rows if row.run_id is not None}
    hold(db, set(runs.values()))
    still = db.execute(_STILL, {"ids": list(dropped)}).scalars().all()
    _carry_out(db, {ident: dropped[ident] for ident in still})
    wake(db, {runs[ident] for ident in still if ident in runs}, now=now)


def _carry_out(db: Session, held: Mapping[UUID, Held]) -> None:
    if not held:
        return
    ordered = sorted(held)
    values = {
        "ids": ordered,
        "states": [held[ident].state for ident in ordered],
        "reasons": ["" if held[ident].due_at else held[ident].decision.reason for ident in ordered],
        "dues": [held[ident].due_at for ident in ordered],
        "decisions": [msgspec.json.encode([held[ident].decision]).decode() for ident in ordered],
    }
    db.execute(_HOLD, values)
