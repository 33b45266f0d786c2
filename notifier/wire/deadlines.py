"""End calls that take too long."""

import asyncio
from collections import OrderedDict

from notifier.clock import since_boot
from notifier.wire.call import Call

TURN = 0.001
"""Seconds for one more turn of the loop, in which a late one reads what has long arrived."""


class Deadlines:
    """All calls are given the same time, so that the first to begin is the first to be due: one timer does for all."""

    def __init__(self, total: float) -> None:
        self._total = total
        self._loop = asyncio.get_running_loop()
        self._under_way: OrderedDict[Call, float] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, call: Call) -> None:
        call.due = since_boot() + self._total  # of a clock that goes on while the machine sleeps
        self._under_way[call] = due = self._loop.time() + self._total
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._look)

    def end(self, call: Call) -> None:
        self._under_way.pop(call, None)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        """Set the timer to what is due first. Where that is now, its answer may have come while the loop was late."""
        due = next(iter(self._under_way.values()), None)
        now = self._loop.time()
        if due is None:
            self._timer = None
        elif due > now:
            self._timer = self._loop.call_at(due, self._look)
        else:
            self._timer = self._loop.call_later(TURN, self._give_up, now)

    def _give_up(self, now: float) -> None:
        for call in [call for call, due in self._under_way.items() if due <= now]:
            del self._under_way[call]
            call.give_up(f"no answer within {self._total:g} s")
        self._look()
