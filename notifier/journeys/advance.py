"""Claim what is due, in sets, and take it further; what keeps failing is set aside with its reason."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
import structlog
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from notifier.columns import storable
from notifier.db import in_index_order, ring, rows
from notifier.journeys import moves, pending, steps
from notifier.journeys.onward import Going, Plan, onward
from notifier.journeys.pending import TRIES
from notifier.journeys.rules import registry
from notifier.journeys.rules.definition import Lane
from notifier.journeys.rules.registry import Rules
from notifier.journeys.steps import Outcome, Position
from notifier.journeys.triggers import handle
from notifier.messages.draft import Draft
from notifier.messages.due import overtake
from notifier.messages.states import SETTLED
from notifier.messages.write import write

log = structlog.get_logger()

Stored = TypeVar("Stored")
Store = Callable[[list[Draft], Sequence[Any]], Stored]
"""Stores the drafts of some triggers (rows with id, customer_id, data) in the transaction that handles them."""


class Handled(Struct, Generic[Stored], frozen=True):
    """What became of a set of triggers."""

    many: int
    """0: nothing is left."""
    stored: list[Stored]
    """What `store` returned of those that did not fail; in parts, when some did."""


_DUE = """
    SELECT r.id, r.journey, r.version, r.customer_id, r.incident, r.generation, r.trigger_id, r.position,
           coalesce((SELECT timezone FROM customers WHERE id = r.customer_id), '') AS timezone
    FROM runs r
    WHERE r.state = 'open' AND r.due_at <= %(now)s AND NOT EXISTS (
        SELECT FROM pending_triggers p WHERE p.customer_id = r.customer_id AND p.lane = 'transactional' OFFSET 0
    )
    ORDER BY r.due_at, r.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_OUTCOMES = """
    SELECT run_id, step, channel, state, due_at FROM messages WHERE run_id = ANY(%(runs)s::bigint[])
"""
_RUN_FAILED = text("""
    UPDATE runs SET tries = tries + 1, error = :error,
           state = CASE WHEN tries + 1 >= :tries THEN 'failed' ELSE state END WHERE id = :id
""")


def triggers(
    db: Session, *, limit: int, now: datetime, plan: Plan, store: Store[Stored],
    lanes: Sequence[Lane] = ("transactional", "bulk"),
) -> Handled[Stored]:  # fmt: skip
    """
    Handle the oldest pending trigger of up to `limit` customers.

    A customer's later triggers are taken in the next round, so that each sees what the one before it did. Several
    workers may do so at once. One that cannot be handled, or whose messages cannot be planned, fails alone.
    """
    found = _oldest(db, lanes, limit)
    mine = [row for row in found if row.is_mine]
    if len(mine) < len(found):
        # Another worker has the customer and may already have looked past the trigger held here.
        ring(db, "triggers")
    if not mine:
        return Handled(0, [])
    rules = registry.load(db)

    def failed(trigger: Any, error: str) -> None:
        pending.fail(db, trigger, error)

    stored = _apart(db, mine, lambda group: store(handle(db, rules, group, plan, now=now), group), failed)
    return Handled(len(mine), stored)


def _oldest(db: Session, lanes: Sequence[Lane], limit: int) -> Sequence[Any]:
    """Claim of the first lane that has any, never of both: what is urgent should not wait for a set of what is not."""
    sets = (pending.claim(db, lane, limit=limit) for lane in lanes)
    return next((found for found in sets if found), ())


def due(db: Session, *, limit: int, now: datetime, plan: Plan) -> int:
    """
    Take up to `limit` runs further whose time has come, as `triggers` does, and return how many there were; urgent
    pending triggers of their customers are handled first. What a run asks for in bulk still waits for the others, when
    it is claimed.
    """
    with in_index_order(db):
        found = rows(db, _DUE, {"limit": limit, "now": now})
    if found:
        rules = registry.load(db)

        def failed(run: Any, error: str) -> None:
            db.execute(_RUN_FAILED, {"id": run.id, "error": error, "tries": TRIES})

        _apart(db, found, lambda group: write(db, _move(db, rules, group, plan, now=now)), failed)
    return len(found)


def _apart(
    db: Session, taken: Sequence[Any], work: Callable[[Sequence[Any]], Stored], failed: Callable[[Any, str], None]
) -> list[Stored]:
    """Do the work for all together or, if that fails, for each alone; return what it returned where it did not."""
    try:
        with db.begin_nested():
            done = work(taken)
    except (OperationalError, InterfaceError):
        # A database that is away, or asks for another try, is no fault of the rows: the whole set is taken again.
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others' work
        if len(taken) > 1:
            return [one for row in taken for one in _apart(db, [row], work, failed)]
        log.warning("a trigger or run failed", id=taken[0].id, error=type(error).__name__)
        failed(taken[0], storable(f"{type(error).__name__}: {error}")[:1000])
        return []
    return [done]


def _move(db: Session, rules: Rules, runs: Sequence[Any], plan: Plan, *, now: datetime) -> list[Draft]:
    positions = {run.id: msgspec.convert(run.position, Position) for run in runs}
    outcomes = _outcomes(db, positions)
    going = []
    for run in runs:
        read, zone = rules.by_version[run.journey, run.version].definition, run.timezone or "UTC"
        happened = steps.Reported(outcomes[run.id]) if run.id in outcomes else steps.Due()
        moved = steps.advance(read, positions[run.id], happened, now, zone)
        stays = moved.position.step == positions[run.id].step
        known = outcomes.get(run.id, {}) if stays else {}
        going.append(Going(run=run, definition=read, zone=zone, moved=moved, outcomes=known))
    drafts = onward(going, plan, now=now)
    overtake(db, _overtaken(positions, drafts), at=now)
    moves.write(db, {one.run.id: one.moved for one in going}, now=now)
    return drafts


def _overtaken(positions: dict[int, Position], drafts: Sequence[Draft]) -> list[tuple[int, str, str]]:
    """Return the channels (run, step, channel) of a `first_of` that its next channel takes the place of."""
    gone_on = {(draft.run_id, draft.step) for draft in drafts if draft.state == "planned"}
    return [
        (run, position.step, channel)
        for run, position in positions.items()
        if (run, position.step) in gone_on
        for channel in position.tried
    ]


def _outcomes(db: Session, positions: dict[int, Position]) -> dict[int, dict[str, Outcome]]:
    asked = [run for run, position in positions.items() if position.state == "reports"]
    found: dict[int, dict[str, Outcome]] = {}
    for row in rows(db, _OUTCOMES, {"runs": asked}) if asked else ():
        if row.step == positions[row.run_id].step:
            found.setdefault(row.run_id, {})[row.channel] = _outcome(row.state, row.due_at)
    return found


def _outcome(state: str, due_at: datetime) -> Outcome:
    if state == "delivered":
        return Outcome(state="delivered")
    if state in SETTLED:
        return Outcome(state="failed")
    return Outcome(state="open", earliest=due_at if state in {"planned", "queued"} else None)
