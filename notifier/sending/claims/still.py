"""Ask of claimed messages, right before they are called, whether what was planned is still true."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy.orm import Session

from notifier.messages.draft import Decision
from notifier.planning import facts as planning
from notifier.planning.hours import candidates
from notifier.planning.still import Drop, Go, Standing, still_true
from notifier.planning.verdict import Facts
from notifier.sending.claims.verdicts import Held


class Standings(Struct, frozen=True):
    """What became of the question: where each message goes, and what becomes of those that do not."""

    addresses: dict[UUID, str]
    held: dict[UUID, Held]


def ask(db: Session, rows: Sequence[Any], *, may: Callable[[str], bool] | None = None, now: datetime) -> Standings:
    """Ask of each message whether it goes, where to (nowhere that it `may` not), and else what becomes of it."""
    known = planning.load(db, {row.customer_id for row in rows})
    addresses: dict[UUID, str] = {}
    held: dict[UUID, Held] = {}
    for row in rows:
        verdict = still_true(_standing(row, known[row.customer_id]), now)
        if isinstance(verdict, Go) and may and not may(verdict.address):
            verdict = Drop("cancelled", "not-on-the-allow-list")
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
