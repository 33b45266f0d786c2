"""One request under way, from the moment it waits for a connection until it is known what became of it."""

import asyncio
from collections.abc import Callable
from typing import Any

from notifier.wire.answer import Broken, Told, Unsent


class Call:
    """What is to be written, and the future that says, once, what became of it: as `read` puts it."""

    __slots__ = ("due", "future", "read", "request", "waits_since", "written_to")

    waits_since: float
    """Of the loop's time, of one for which there was no connection."""

    def __init__(
        self, request: bytes, future: "asyncio.Future[Any]", *, due: float, read: Callable[[Told], Any] | None = None
    ) -> None:
        self.request = request
        self.future = future
        self.read = read
        self.due = due
        """`clock.since_boot` from which on it is not written any more, nor its answer waited for."""
        self.written_to: asyncio.Transport | None = None
        """Where bytes of it may have gone. As long as it is under way and this is None, surely none has."""

    def end(self, told: Told) -> None:
        """Say what became of it, unless somebody has; from now on the connection is no longer this call's."""
        self.written_to = None
        if self.future.done():
            return
        try:
            self.future.set_result(self.read(told) if self.read else told)
        except Exception as error:  # noqa: BLE001 - whatever the reader stumbles over is for who waits, not for the loop
            self.future.set_exception(error)

    def give_up(self, why: str) -> None:
        """End without an answer. The connection goes with it: who knows what still comes over it."""
        transport = self.written_to
        self.end(Unsent(f"no connection: {why}") if transport is None else Broken(why))
        if transport is not None:
            transport.abort()
