"""The connections to one origin, and the calls that wait for one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from itertools import chain
from math import ceil

from notifier.clock import since_boot
from notifier.wire.answer import Unsent
from notifier.wire.call import Call
from notifier.wire.connection import Connection

IDLE = 4.0
"""
Seconds a connection may rest and still be used again. Common servers hang up on one after 5 s, others after a minute; a
request that meets the hanging up is lost in doubt, which costs far more than a new connection.
"""
RESTED = 0.5
"""After so many seconds of rest the system is asked whether the other side hung up: the loop may hear it too late."""
OPENING = 64
"""Connections being opened at once, that no listener is overrun; and open at all, as long as nobody waits for long."""
PATIENCE = 0.1
"""
Seconds somebody waits for one of those before more are opened: who answers at once needs no connection for every call,
and to open one costs more than several calls.
"""

Open = Callable[[Callable[[], Connection]], Awaitable[Connection]]


class Pool:
    """Whoever was used last is used first, so that what is too much comes to rest and is closed."""

    def __init__(self, open_one: Open, *, largest: int) -> None:
        self._open_one = open_one
        self._largest = largest
        self._loop = asyncio.get_running_loop()
        self._all: set[Connection] = set()
        self._idle: dict[Connection, float] = {}
        self._waiting: deque[Call] = deque()
        self._coming = 0
        self._opening: set[asyncio.Task[None]] = set()
        self._closing: asyncio.TimerHandle | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._is_slow = False

    def take(self, call: Call) -> None:
        """Write the call to a connection, at once or when there is one."""
        while self._idle:
            connection, since = self._idle.popitem()
            rest = self._loop.time() - since
            if connection.is_open() and rest < IDLE and not (rest > RESTED and connection.has_news()):
                connection.start(call)
                return
            connection.close()
        call.waits_since = self._loop.time()
        self._waiting.append(call)
        self._open_more()
        if self._looking is None:
            self._looking = self._loop.call_later(PATIENCE, self._look)

    def under_way(self) -> Iterator[Call]:
        """Give the calls that have not ended."""
        written = (connection.call for connection in self._all if connection.call)
        return (call for call in chain(written, self._waiting) if not call.future.done())

    async def close(self) -> None:
        """End whatever is under way as it stands, and wait for connections still being opened to close them, too."""
        while self._waiting:
            self._waiting.popleft().give_up("closed")
        # They are not cancelled: uvloop complains of a handshake that is (a write to a transport that it has closed).
        await asyncio.gather(*self._opening, return_exceptions=True)
        for connection in self._all:
            connection.close()
        for timer in filter(None, (self._closing, self._looking)):
            timer.cancel()

    def _look(self) -> None:
        """Look again and again, while anybody waits, how long the first of them has."""
        waited = self._loop.time() - self._waiting[0].waits_since if self._waiting else 0.0
        self._is_slow = waited >= PATIENCE
        again = PATIENCE if self._is_slow else PATIENCE - waited
        self._looking = self._loop.call_later(again, self._look) if self._waiting else None
        self._open_more()

    def _open_more(self) -> None:
        room = OPENING if self._is_slow else OPENING - len(self._all)
        while self._coming < min(room, len(self._waiting)):
            self._coming += 1
            task = self._loop.create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self) -> None:
        try:
            connection = await self._open_one(self._made)
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing has been written yet
            self._coming -= 1
            self._unreachable(error)
        else:
            self._coming -= 1
            self._all.add(connection)
            self._free(connection)
            self._open_more()

    def _made(self) -> Connection:
        return Connection(free=self._free, lost=self._lost, largest=self._largest)

    def _unreachable(self, error: Exception) -> None:
        """End the share of the waiting that this connection was opened for: all of them when there is no other."""
        why = Unsent(f"no connection: {str(error) or type(error).__name__}")
        for _ in range(ceil(len(self._waiting) / (self._coming + len(self._all) + 1))):
            self._waiting.popleft().end(why)

    def _free(self, connection: Connection) -> None:
        while self._waiting and connection.is_open():
            call = self._waiting.popleft()
            if call.due <= since_boot():
                call.end(Unsent("no connection in time"))
            elif not call.future.done():
                connection.start(call)
                return
        if connection.is_open():
            self._idle[connection] = self._loop.time()
            if self._closing is None:
                self._closing = self._loop.call_later(IDLE, self._close_rested)

    def _lost(self, connection: Connection) -> None:
        self._idle.pop(connection, None)
        self._all.discard(connection)
        self._open_more()

    def _close_rested(self) -> None:
        """Close what nobody has needed for long; there is a next look as long as anything rests."""
        now = self._loop.time()
        for connection in [one for one, since in self._idle.items() if now - since >= IDLE]:
            del self._idle[connection]
            connection.close()
        self._closing = self._loop.call_later(IDLE, self._close_rested) if self._idle else None
