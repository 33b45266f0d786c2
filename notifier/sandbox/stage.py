"""Everything one running sandbox holds, handed to each part of it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

from notifier.sandbox.config import SandboxConfig, generate_key, read_key
from notifier.sandbox.deliveries import Call, Deliveries
from notifier.sandbox.faults import FaultBoard, Vendor, strikes
from notifier.sandbox.outcomes import Ending, ending
from notifier.sandbox.records import Channel
from notifier.sandbox.sendgrid.batches import Batches
from notifier.sandbox.store import Store

OVERTAKEN_AFTER = 1.5
"""Seconds a reordered callback is held back: longer than a message takes from queued to delivered."""


class Stage:
    """The vendors' shared back room."""

    def __init__(self, config: SandboxConfig, *, now: Callable[[], float] = time.time) -> None:
        self.config = config
        self.now = now
        self.store = Store(config)
        self.faults = FaultBoard()
        self.deliveries = Deliveries(config)
        self.signing_key = read_key(config.sendgrid_private_key or generate_key())
        self.events = Batches(config, self.deliveries, self.signing_key, now)

    def ending(self, channel: Channel, address: str) -> Ending:
        return ending(channel, address, self.store.notes.get("outcomes", {}))

    def later(self, seconds: float, step: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, step)

    def call_back(self, vendor: Vendor, url: str, make: Callable[[], Call]) -> None:
        """Call one of the notifier's hooks, with whatever troubles are ordered."""
        for delay in self.delays(vendor):
            self.deliveries.post(url, make, delay=delay)

    def delays(self, vendor: Vendor) -> list[float]:
        """Decide how often a callback goes out, and after how many seconds each time."""
        faults = self.faults.of(vendor)
        if strikes(faults.drop_callbacks):
            self.deliveries.counts.dropped += 1
            return []
        first = faults.callback_delay_ms / 1000
        if strikes(faults.reorder_callbacks):
            first += OVERTAKEN_AFTER
        return [first, first] if strikes(faults.duplicate_callbacks) else [first]

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Run what works in the background for as long as the context lasts."""
        tasks = [asyncio.create_task(self.deliveries.run())]
        if self.store.tape:
            tasks.append(asyncio.create_task(self.store.tape.run()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self.store.tape:
                self.store.tape.close()
