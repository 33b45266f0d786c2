"""Go on at once where a channel cannot be used: its run needs no report to know that the next one has its turn."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from notifier.journeys import steps
from notifier.journeys.rules.definition import Definition
from notifier.journeys.steps import Moved, Outcome, SendEffect
from notifier.messages.draft import Draft

Plan = Callable[[list[SendEffect]], list[Draft]]
"""Makes drafts of effects: what goes, and what does not, with its reason (`planning.plan`)."""


class Going(Struct, kw_only=True):
    """A run on its way; `moved` is where it has come to, and not stored yet."""

    run: Any
    """Whatever has the columns `steps.sends` asks for."""
    definition: Definition
    zone: str
    moved: Moved
    outcomes: dict[str, Outcome] = {}
    """Of the present step's channels, as far as they are known."""


def onward(going: Sequence[Going], plan: Plan, *, now: datetime) -> list[Draft]:
    """
    Plan what the runs ask for, and what they ask for instead of what will not go, until nothing more is asked for.

    Leaves each run's last position in `moved`. Ends, as no run asks for the same (step, channel) twice.
    """
    by_run = {one.run.id: one for one in going}
    effects = [effect for one in going for effect in _asked(one)]
    drafts: list[Draft] = []
    while effects:
        made = plan(effects)
        drafts += made
        effects = [effect for one in _passed_over(by_run, made) for effect in _moved_on(one, now)]
    return drafts


def _passed_over(by_run: dict[int, Going], made: Iterable[Draft]) -> list[Going]:
    """Note the drafts that will not go, and return the runs whose present step waits for one of them."""
    found: dict[int, Going] = {}
    for draft in made:
        if draft.state == "planned":  # its run waits for what becomes of it
            continue
        one = by_run[draft.run_id]
        position = one.moved.position
        if draft.step == position.step and draft.channel in position.tried:
            one.outcomes = {**one.outcomes, draft.channel: Outcome(state="failed")}
            found[draft.run_id] = one
    return list(found.values())


def _moved_on(one: Going, now: datetime) -> list[SendEffect]:
    before = one.moved.position.step
    reported = steps.Reported(one.outcomes)
    one.moved = steps.advance(one.definition, one.moved.position, reported, now, one.zone)
    if one.moved.position.step != before:
        one.outcomes = {}
    return _asked(one)


def _asked(one: Going) -> list[SendEffect]:
    return [SendEffect(one.run, one.definition, effect) for effect in one.moved.effects]
