"""
The step function, pure: (definition, position, what happened, now) → (position, effects, when to go on).

A run visits its steps in order and each channel of a step at most once. After the last step it stays open, closing,
until its last message can no longer be sent: until then a trigger that ends the run still takes the message back.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from notifier.journeys.rules.definition import Channel, Definition, FirstOf, Span, Step


class Position(Struct, frozen=True, kw_only=True):
    """Where a run stands; stored as JSON."""

    step: str
    state: Literal["new", "reports", "wait", "closing"] = "new"
    """What it waits for: `reports` of the step's messages, the end of a `wait`, or (`closing`) the last expiry."""
    tried: tuple[Channel, ...] = ()
    """Channels of this step already asked for, in order."""
    basis: datetime
    """What expiry counts from: the trigger's time, or the end of the last wait."""
    until: datetime | None = None


class Started(Struct, frozen=True):
    """The run begins."""


class Due(Struct, frozen=True):
    """Its `due_at` has come."""


class Outcome(Struct, frozen=True, kw_only=True):
    """How the message of one channel fares. `earliest`: while it is unsent, the business time it waits for."""

    state: Literal["open", "delivered", "failed"]
    earliest: datetime | None = None


class Reported(Struct, frozen=True):
    """Something was learnt of the current step's messages: channel → outcome."""

    outcomes: Mapping[str, Outcome]


class Ended(Struct, frozen=True):
    """A trigger ended it."""


Happened = Started | Due | Reported | Ended


class Effect(Struct, frozen=True, kw_only=True):
    """Send this step's template on these channels."""

    step: str
    channels: tuple[Channel, ...]
    expires_at: datetime


class Moved(Struct, frozen=True, kw_only=True):
    """The outcome of the step function."""

    position: Position
    effects: tuple[Effect, ...] = ()
    due_at: datetime | None = None
    finished: bool = False


def start(definition: Definition, *, at: datetime) -> Position:
    """Return the position of a run that has not begun; `at` is its trigger's time."""
    return Position(step=definition.steps[0].name, basis=at)


def advance(definition: Definition, position: Position, happened: Happened, now: datetime, zone: str = "UTC") -> Moved:
    """
    Go as far as can be gone now. `zone` (IANA) is the customer's: waits of days end at the same wall-clock time there.

    Due before its time, or a report that changes nothing, changes nothing. No (step, channel) is ever asked for twice.
    """
    if isinstance(happened, Ended) or (position.state == "closing" and now >= (position.until or now)):
        return Moved(position=position, finished=True)
    outcomes = happened.outcomes if isinstance(happened, Reported) else {}
    effects: list[Effect] = []
    channels: tuple[Channel, ...]
    while position.state != "closing":
        step = definition.step(position.step)
        position, channels, is_over = _turn(step, position, outcomes, now, zone)
        expires_at = position.basis + Span(definition.expires_after).length
        if channels:
            effects.append(Effect(step=step.name, channels=channels, expires_at=expires_at))
        if not is_over:
            break
        position = _following(definition, position, expires_at)
        outcomes = {}
    is_finished = position.state == "closing" and now >= (position.until or now)
    due_at = None if is_finished else position.until
    return Moved(position=position, effects=tuple(effects), due_at=due_at, finished=is_finished)


@lru_cache(maxsize=1000)  # a set begins to wait at one instant, for people of few zones
def later(now: datetime, span: Span, zone: str) -> datetime:
    """Return the end of a wait. Days keep the wall-clock time; one that a leap skips becomes the next valid one."""
    if not span.days:
        return now + span.length
    there = now.astimezone(ZoneInfo(zone))
    wall = (there.replace(tzinfo=None) + timedelta(days=span.days)).replace(tzinfo=there.tzinfo)
    return wall.astimezone(now.tzinfo)


def _turn(
    step: Step, position: Position, outcomes: Mapping[str, Outcome], now: datetime, zone: str
) -> tuple[Position, tuple[Channel, ...], bool]:
    if step.send:
        return position, step.send.channels, True
    if step.first_of:
        return _first_of(step.first_of, position, outcomes, now)
    until = position.until or later(now, Span(step.wait or "1s"), zone)
    if position.state == "wait" and now >= until:
        return structs.replace(position, basis=until), (), True
    return structs.replace(position, state="wait", until=until), (), False


def _first_of(
    choice: FirstOf, position: Position, outcomes: Mapping[str, Outcome], now: datetime
) -> tuple[Position, tuple[Channel, ...], bool]:
    within = Span(choice.within).length
    if position.state == "new":
        asked: tuple[Channel, ...] = (choice.channels[0],)
        return _asked(choice, position, asked, now + within), (*choice.also, *asked), len(choice.channels) == 1
    tried = [outcomes.get(channel, _SILENT) for channel in position.tried]
    if any(outcome.state == "delivered" for outcome in tried):
        return position, (), True
    current, until = tried[-1], position.until or now
    if current.state == "open":
        # The time to deliver in begins when the message may go: at a decent hour, not when it was planned.
        until = max(until, current.earliest + within) if current.earliest else until
        if now < until:
            return structs.replace(position, until=until), (), False
    channel = choice.channels[len(position.tried)]
    asked = (*position.tried, channel)
    return _asked(choice, position, asked, now + within), (channel,), len(asked) == len(choice.channels)


_SILENT = Outcome(state="open")


def _asked(choice: FirstOf, position: Position, tried: tuple[Channel, ...], until: datetime) -> Position:
    # Nothing is left to choose once the last channel has been asked for: the run goes on at once.
    waits = len(tried) < len(choice.channels)
    return structs.replace(position, state="reports" if waits else "new", tried=tried, until=until if waits else None)


def _following(definition: Definition, position: Position, expires_at: datetime) -> Position:
    place = definition.place(position.step) + 1
    if place == len(definition.steps):
        return structs.replace(position, state="closing", until=expires_at)
    return Position(step=definition.steps[place].name, basis=position.basis)


class SendEffect(Struct, frozen=True):
    """An effect with the run it belongs to: all that planning needs to make messages of it."""

    run: Any
    """Has the columns of `models.Run`."""
    definition: Definition
    effect: Effect
