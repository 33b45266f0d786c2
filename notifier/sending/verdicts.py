"""Carry out what was decided of messages that will not be called now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

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


def failed(decision: Decision) -> Held:
    """Give a message up."""
    return Held(state="failed", decision=decision)


def carry_out(db: Session, held: Mapping[UUID, Held]) -> set[UUID]:
    """Update the held messages (their rows are locked); return those that came to an outcome."""
    if held:
        ordered = sorted(held)
        values = {
            "ids": ordered,
            "states": [held[ident].state for ident in ordered],
            "reasons": ["" if held[ident].due_at else held[ident].decision.reason for ident in ordered],
            "dues": [held[ident].due_at for ident in ordered],
            "decisions": [msgspec.json.encode([held[ident].decision]).decode() for ident in ordered],
        }
        db.execute(_HOLD, values)
    return {ident for ident, one in held.items() if one.due_at is None}
