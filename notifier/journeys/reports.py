"""A message's outcome changed: its run may go on."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import by_key, ring, rows
from notifier.journeys import moves, steps
from notifier.journeys.rules import registry
from notifier.journeys.rules.definition import Definition
from notifier.journeys.steps import Moved, Outcome, Position, Reported
from notifier.messages.reported.known import Place

# `lower`: or an index of all open runs may be read to find these, by statistics from when there were none.
_WAKE = text("""
    UPDATE runs SET due_at = :now WHERE id IN (
        SELECT id FROM runs
        WHERE id = ANY(:runs) AND lower(state) = 'open' AND position ->> 'state' = 'reports' AND due_at > :now
        ORDER BY id FOR UPDATE
    ) RETURNING id
""")
_HOLD = text("SELECT id FROM runs WHERE id = ANY(:runs) AND lower(state) = 'open' ORDER BY id FOR NO KEY UPDATE")
# One by one, in the order given. Also those set aside: one that is taken up again meanwhile has to see what came.
_AWAITING = """
    SELECT r.*, n.step, n.channel
    FROM unnest(%(runs)s::bigint[], %(steps)s::text[], %(channels)s::text[]) AS n(run, step, channel)
    CROSS JOIN LATERAL (
        SELECT id, state, journey, version, position::text,
               coalesce((SELECT timezone FROM customers WHERE id = runs.customer_id), '') AS timezone
        FROM runs
        WHERE id = n.run AND lower(state) IN ('open', 'failed') AND position ->> 'state' = 'reports'
          AND position ->> 'step' = n.step AND position -> 'tried' ? n.channel
        OFFSET 0 FOR NO KEY UPDATE OF runs
    ) AS r
"""
_DELIVERED = Outcome(state="delivered")


def hold(db: Session, run_ids: Collection[int]) -> None:
    """
    Lock the open ones of the runs, before any of their messages is: locks go run, message, attempt.

    Whoever is about to change outcomes and then to `wake` begins with it. It also waits for a run that is just
    moving on, so that no outcome falls between its look at the outcomes and its decision to wait for one.
    """
    if run_ids:
        with by_key(db):
            db.execute(_HOLD, {"runs": sorted(run_ids)})


class Awaiting(Struct, frozen=True):
    """Runs that are held, each with the step and channel of the message it waits for, and what they go by."""

    runs: Sequence[Any]
    definitions: Mapping[tuple[str, int], Definition]


def hold_awaiting(db: Session, places: Collection[Place]) -> Awaiting:
    """
    Lock as `hold` does, but only the runs that wait for what becomes of the messages at these places; return them.

    A message and the position that waits for it are stored together, and no run comes back to where it was: one that
    does not wait for a message that can be seen will not do so later.
    """
    definitions = registry.definitions(db, {place.journey for place in places})
    asked = sorted(place for place in places if _may_be_awaited(place, definitions.get((place.journey, place.version))))
    if not asked:
        return Awaiting([], definitions)
    values = {
        "runs": [place.run_id for place in asked],
        "steps": [place.step for place in asked],
        "channels": [place.channel for place in asked],
    }
    with by_key(db):
        return Awaiting(rows(db, _AWAITING, values), definitions)


def _may_be_awaited(place: Place, definition: Definition | None) -> bool:
    """Tell whether a run may wait for what becomes of a message there: most are not chosen among, or chosen last."""
    step = next((step for step in definition.steps if step.name == place.step), None) if definition else None
    if step is None:  # nobody can tell
        return True
    return step.first_of is not None and place.channel in step.first_of.channels[:-1]


def go_on(
    db: Session, awaiting: Awaiting, *, delivered: Collection[Place], changed: Collection[int], now: datetime
) -> None:
    """
    Take those held runs further of whose messages one was `delivered`, and wake those whose outcomes `changed`.

    One that now asks for a message is only woken: to plan it is `advance.due`'s.
    """
    going = [run for run in awaiting.runs if run.state == "open"]
    arrived = {
        run.id: run for run in going if Place(run.id, run.step, run.channel, run.journey, run.version) in delivered
    }
    moved = _moves(arrived, awaiting.definitions, now)
    with by_key(db):
        moves.write(db, moved, now=now)
    wake(db, ((arrived.keys() | changed) & {run.id for run in going}) - moved.keys(), now=now)


def _moves(
    arrived: Mapping[int, Any], definitions: Mapping[tuple[str, int], Definition], now: datetime
) -> dict[int, Moved]:
    """Return where those of the runs come to that ask for nothing on their way."""
    found = {}
    for ident, run in arrived.items():
        try:
            definition = definitions[run.journey, run.version]
            position = msgspec.json.decode(run.position, type=Position)
            moved = steps.advance(definition, position, Reported({run.channel: _DELIVERED}), now, run.timezone or "UTC")
        except Exception:  # noqa: BLE001, S112 - it is woken, and fails alone with its reason; the reports must not
            continue
        if not moved.effects:
            found[ident] = moved
    return found


def wake(db: Session, run_ids: Iterable[int], *, now: datetime) -> None:
    """Make those of the runs due that wait for a report, and ring `runs`; the others are left alone."""
    woken = list(run_ids)
    if not woken:
        return
    with by_key(db):
        if db.execute(_WAKE, {"runs": woken, "now": now}).first():
            ring(db, "runs")
