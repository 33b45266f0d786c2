"""Carry out what was decided of messages that will not be called now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import rows
from notifier.journeys.reports import hold, wake
from notifier.messages.draft import Decision
from notifier.messages.due import take_back


class Held(Struct, frozen=True, kw_only=True):
    """A message's new state, with the decision for its trail; `due_at` only when it is postponed."""

    state: Literal["planned", "expired", "cancelled", "failed"]
    decision: Decision
    due_at: datetime | None = None


_RUNS = text("SELECT run_id FROM messages WHERE id = ANY(:ids) AND run_id IS NOT NULL")
_STILL = text("SELECT id, run_id FROM messages WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")
_DUE = text("SELECT message_id FROM due_messages WHERE message_id = ANY(:ids) ORDER BY message_id FOR UPDATE")
_PUT_OFF = """
    UPDATE due_messages d SET due_at = n.due_at FROM unnest(%(ids)b::uuid[], %(dues)b::timestamptz[]) AS n(id, due_at)
    WHERE d.message_id = n.id
"""
_HOLD = """
    UPDATE messages m SET state = h.state, reason = h.reason, due_at = coalesce(h.due_at, m.due_at),
           decisions = m.decisions || h.decision::jsonb
    FROM unnest(%(ids)b::uuid[], %(states)s::text[], %(reasons)s::text[], %(dues)b::timestamptz[],
                %(decisions)s::text[]) AS h(id, state, reason, due_at, decision)
    WHERE m.id = h.id
"""


def unrenderable(why: str, now: datetime) -> Held:
    """Give up a message whose words cannot be made."""
    told = Decision(at=now, verdict="failed", reason="unrenderable", facts={"why": why})
    return Held(state="failed", decision=told)


def carry_out(db: Session, held: Mapping[UUID, Held], *, now: datetime) -> None:
    """Put messages off, or give them up for good and wake the runs that wait for them; unless they have gone on."""
    ids = sorted(held)
    hold(db, set(db.execute(_RUNS, {"ids": ids}).scalars()))
    runs = {row.id: row.run_id for row in db.execute(_STILL, {"ids": ids})}
    due = db.execute(_DUE, {"ids": ids}).scalars().all()
    if not due:
        return
    _write(db, {ident: held[ident] for ident in due})
    put_off = {ident: at for ident in due if (at := held[ident].due_at)}
    rows(db, _PUT_OFF, {"ids": list(put_off), "dues": list(put_off.values())})
    given_up = [ident for ident in due if ident not in put_off]
    take_back(db, given_up)
    wake(db, {runs[ident] for ident in given_up if runs[ident] is not None}, now=now)


def _write(db: Session, held: Mapping[UUID, Held]) -> None:
    values = {
        "ids": list(held),
        "states": [one.state for one in held.values()],
        "reasons": ["" if one.due_at else one.decision.reason for one in held.values()],
        "dues": [one.due_at for one in held.values()],
        "decisions": [msgspec.json.encode([one.decision]).decode() for one in held.values()],
    }
    rows(db, _HOLD, values)
