"""Ask of claimed messages, right before they are called, whether what was planned is still true."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.messages.draft import Decision
from notifier.planning import facts as planning
from notifier.planning.hours import candidates
from notifier.planning.still import Drop, Go, Standing, still_true
from notifier.planning.verdict import Facts
from notifier.sending.verdicts import Held

_LOAD = text("""
    SELECT m.id, m.customer_id, m.run_id, m.channel, m.topic, m.template, m.locale, m.timezone, m.country,
           m.due_at, m.expires_at, m.attempts_made, c.name AS customer_name, t.data, r.state AS run_state
    FROM messages m
    LEFT JOIN customers c ON c.id = m.customer_id
    LEFT JOIN triggers t ON t.id = m.trigger_id
    LEFT JOIN runs r ON r.id = m.run_id
    WHERE m.id = ANY(:ids) ORDER BY m.due_at, m.id
""")


class Standings(Struct, frozen=True):
    """What became of the question: where each message goes, and what becomes of those that do not."""

    addresses: dict[UUID, str]
    held: dict[UUID, Held]


def load(db: Session, ids: Sequence[UUID]) -> Sequence[Any]:
    """Read the messages with everything their words and the verdict need."""
    return db.execute(_LOAD, {"ids": ids}).all()


def ask(db: Session, rows: Sequence[Any], *, now: datetime) -> Standings:
    """Ask of each message whether it goes, where to, and else what becomes of it."""
    known = planning.load(db, {row.customer_id for row in rows})
    addresses: dict[UUID, str] = {}
    held: dict[UUID, Held] = {}
    for row in rows:
        verdict = still_true(_standing(row, known[row.customer_id]), now)
        if isinstance(verdict, Go):
            addresses[row.id] = verdict.address
        elif isinstance(verdict, Drop):
            decision = Decision(at=now, verdict=verdict.state, reason=verdict.reason)
            held[row.id] = Held(state=verdict.state, decision=decision)
        else:
            decision = Decision(at=now, verdict="postponed", reason=verdict.reason)
            held[row.id] = Held(state="planned", decision=decision, due_at=verdict.until)
    return Standings(addresses, held)


def _standing(row: Any, known: planning.Known) -> Standing:
    point = known.point(row.channel)
    return Standing(
        run_state=row.run_state or "",
        facts=Facts(
            topic=row.topic,
            channel=row.channel,
            address=point.address,
            is_invalid=point.is_invalid,
            suppressed=point.suppressed,
            is_allowed=known.allowed.get((row.topic, row.channel), True),
            zones=known.zones() or candidates(row.timezone, row.country),
            country=known.country or row.country,
            expires_at=row.expires_at,
        ),
    )
