"""End calls that take too long."""

import asyncio
from collections.abc import Callable, Iterable

from notifier.clock import since_boot
from notifier.wire.call import Call

TURN = 0.001
"""Seconds for one more turn of the loop, in which a late one reads what has long arrived."""


class Deadlines:
    """All calls are given the same time, so that one timer does for all, and none costs anything of its own."""

    def __init__(self, total: float, under_way: Callable[[], Iterable[Call]]) -> None:
        """`under_way`: those not yet ended; asked when the first of them may be due, and by nobody in between."""
        self._total = total
        self._under_way = under_way
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def due(self) -> float:
        """Return when a call that begins now is due, by `clock.since_boot`; from now on somebody looks for it."""
        if self._timer is None:
            self._timer = self._loop.call_later(self._total, self._look)
        return since_boot() + self._total

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        """Set the timer to what is due first. Where that is now, its answer may have come while the loop was late."""
        first = min((call.due for call in self._under_way()), default=None)
        now = since_boot()
        if first is None:
            self._timer = None
        elif first > now:
            self._timer = self._loop.call_later(first - now, self._look)
        else:
            self._timer = self._loop.call_later(TURN, self._give_up, now)

    def _give_up(self, now: float) -> None:
        for call in [call for call in self._under_way() if call.due <= now]:
            call.give_up(f"no answer within {self._total:g} s")
        self._look()
