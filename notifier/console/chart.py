"""Charts as numbers: where each bar stands, so that templates only draw."""

from datetime import date

from msgspec import Struct

from notifier.history.overview import UNREACHED, Overview

HEIGHT = 120
#: So many days have room for a date each.
LONGEST_ROW = 10
KINDS = ("delivered", "underway", "unreached", "unsent")
_UNDERWAY = ("planned", "queued", "sending", "sent", "unknown")
_UNSENT = ("skipped", "cancelled", "expired")


class Piece(Struct, frozen=True, kw_only=True):
    """One part of a bar; all measures in the chart's own units."""

    kind: str
    start: float
    size: float
    number: int


class Channel(Struct, frozen=True, kw_only=True):
    """How the messages of a channel went; pieces fill 0 to 100."""

    channel: str
    number: int
    pieces: list[Piece]


class Column(Struct, frozen=True, kw_only=True):
    """A day; pieces are stacked from the bottom."""

    on: date
    left: float
    number: int
    mark: bool
    """Whether its date is written below: of a long row only some are."""
    pieces: list[Piece]


class Bars(Struct, frozen=True, kw_only=True):
    """Days side by side, in a box of `width` by `HEIGHT`."""

    columns: list[Column]
    width: int
    bar: float
    most: int


def channels(counted: Overview) -> list[Channel]:
    """Return how each channel did, the busiest first."""
    made = []
    for name in ("email", "sms", "whatsapp"):
        numbers = dict.fromkeys(KINDS, 0)
        for count in counted.counts:
            if count.channel == name:
                numbers[_kind(count.state)] += count.number
        if total := sum(numbers.values()):
            made.append(Channel(channel=name, number=total, pieces=_stack(numbers, 100 / total)))
    return sorted(made, key=lambda channel: -channel.number)


def bars(counted: Overview, *, width: int = 720) -> Bars | None:
    """Return the days of the window as stacked bars, from zero; None when nothing happened in it."""
    most = max((_total(day) for day in map(_numbers, counted.days)), default=0)
    if not most:
        return None
    step = width / len(counted.days)
    columns = [
        Column(
            on=day.on,
            left=round(index * step + step * 0.15, 2),
            number=_total(_numbers(day)),
            mark=(len(counted.days) - 1 - index) % (1 if len(counted.days) <= LONGEST_ROW else 7) == 0,
            pieces=_stack(_numbers(day), HEIGHT / most),
        )
        for index, day in enumerate(counted.days)
    ]
    return Bars(columns=columns, width=width, bar=round(step * 0.7, 2), most=most)


def _kind(state: str) -> str:
    if state in UNREACHED:
        return "unreached"
    if state in _UNSENT:
        return "unsent"
    return "underway" if state in _UNDERWAY else "delivered"


def _numbers(day: Struct) -> dict[str, int]:
    return {kind: getattr(day, kind) for kind in KINDS}


def _total(numbers: dict[str, int]) -> int:
    return sum(numbers.values())


def _stack(numbers: dict[str, int], scale: float) -> list[Piece]:
    pieces, start = [], 0.0
    for kind in KINDS:
        if numbers[kind]:
            size = numbers[kind] * scale
            pieces.append(Piece(kind=kind, start=round(start, 2), size=round(size, 2), number=numbers[kind]))
            start += size
    return pieces
