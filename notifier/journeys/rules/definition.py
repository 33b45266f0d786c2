"""What a journey says: its trigger, its condition and its steps, read from YAML with the line of every mistake."""

import re
from datetime import timedelta
from functools import lru_cache
from typing import Literal

import msgspec
import yaml
from msgspec import Struct

Channel = Literal["email", "sms", "whatsapp"]
Topic = Literal["billing", "service", "surveys", "offers", "news"]
Lane = Literal["transactional", "bulk"]

_SPAN = re.compile(r"([1-9][0-9]{0,4})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Span(Struct, frozen=True):
    """A time to wait, as written: `90s`, `30m`, `2h`, or `3d`, which are days of the customer's calendar."""

    text: str

    @property
    def length(self) -> timedelta:
        """Return it as a length; a day counts 24 hours (`steps.later` knows the calendar)."""
        return _length(self.text)

    @property
    def days(self) -> int:
        """Return its calendar days; 0 when it is not in days."""
        return self.length.days if self.text.endswith("d") else 0


@lru_cache(maxsize=1000)
def _length(written: str) -> timedelta:
    found = _SPAN.fullmatch(written)
    if not found:
        raise ValueError(f"{written!r} is no time to wait")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


class Send(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Send on each of the channels."""

    template: str
    channels: tuple[Channel, ...]


class FirstOf(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Send on the first channel; on the next when it fails or has not delivered `within`. `also` go at once, anyway."""

    template: str
    channels: tuple[Channel, ...]
    also: tuple[Channel, ...] = ()
    within: str = "2h"


class Step(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One named step: exactly one of `send`, `first_of`, `wait`."""

    name: str
    send: Send | None = None
    first_of: FirstOf | None = None
    wait: str | None = None

    @property
    def template(self) -> str:
        """Return the template it sends; empty for a wait."""
        sends = self.send or self.first_of
        return sends.template if sends else ""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Return every channel it may send on."""
        if self.send:
            return self.send.channels
        return (*self.first_of.also, *self.first_of.channels) if self.first_of else ()


class End(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A trigger that ends a run: its value at `about` is the run's value at `of` (by default the run's incident)."""

    trigger: str
    about: str
    of: str = ""


class Definition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A journey as written."""

    journey: str
    title: str
    description: str = ""
    on: str
    when: str = ""
    about: str
    ends_on: tuple[End, ...] = ()
    topic: Topic
    lane: Lane | Literal[""] = ""
    expires_after: str
    reenter: bool = False
    steps: tuple[Step, ...]

    @property
    def priority(self) -> Lane:
        """Return its lane: as written, else transactional for what belongs to the contract."""
        return self.lane or ("transactional" if self.topic in {"billing", "service"} else "bulk")

    def step(self, name: str) -> Step:
        """Return the step of that name."""
        return self.steps[self.place(name)]

    def place(self, name: str) -> int:
        """Return how many steps come before the step of that name."""
        for place, step in enumerate(self.steps):
            if step.name == name:
                return place
        raise LookupError(f"{self.journey} has no step {name!r}")


def definition(values: object) -> Definition:
    """
    Make a definition of values read from YAML; says nothing of whether its paths and templates exist (see `check`).

    Raises:
        msgspec.ValidationError: naming the path of the field.
    """
    if isinstance(values, dict):
        # To YAML 1.1 a bare `on` is a boolean.
        values = {"on" if key is True else key: value for key, value in values.items()}
    return msgspec.convert(values, Definition, strict=False)


def parse(source: str) -> Definition:
    """
    Read a journey's YAML.

    Raises:
        yaml.MarkedYAMLError: it is no YAML.
        msgspec.ValidationError: naming the path of the field.
    """
    return definition(yaml.load(source, Loader=yaml.BaseLoader))  # noqa: S506 - this loader makes text and nothing else
