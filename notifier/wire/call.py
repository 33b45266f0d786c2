"""One request under way, from the moment it waits for a connection until it is known what became of it."""

import asyncio
import math

from notifier.wire.answer import Broken, Told, Unsent


class Call:
    """What is to be written, and the future that says, once, what became of it."""

    __slots__ = ("due", "request", "told", "written_to")

    def __init__(self, request: bytes, told: "asyncio.Future[Told]") -> None:
        self.request = request
        self.told = told
        self.due = math.inf
        """`clock.since_boot` from which on it is not written any more: whoever asked has given it up by then."""
        self.written_to: asyncio.Transport | None = None
        """Where bytes of it may have gone. As long as it is under way and this is None, surely none has."""

    def end(self, told: Told) -> None:
        """Say what became of it, unless somebody has; from now on the connection is no longer this call's."""
        self.written_to = None
        if not self.told.done():
            self.told.set_result(told)

    def give_up(self, why: str) -> None:
        """End without an answer. The connection goes with it: who knows what still comes over it."""
        transport = self.written_to
        self.end(Unsent(f"no connection: {why}") if transport is None else Broken(why))
        if transport is not None:
            transport.abort()
