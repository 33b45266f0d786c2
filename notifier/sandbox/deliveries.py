"""Call the notifier's hooks: in order of asking, over kept-alive connections, again with back-off when it is away."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

from msgspec import Struct

from notifier.sandbox.config import SandboxConfig
from notifier.wire.answer import Answer
from notifier.wire.client import Client
from notifier.wire.request import Unwritable

CONNECTIONS = 32
WAITING = 200_000
TRIES = 12
TIMEOUT = timedelta(seconds=15)
CONNECT = timedelta(seconds=3)


class Call(Struct, frozen=True):
    """One HTTP POST to the notifier."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class Job(Struct):
    """A call still to be made; `make` builds (and signs) it as late as possible, so that waiting costs little."""

    make: Callable[[], Call]
    tries: int = 0


class Counts(Struct):
    """What became of callbacks, for `/healthz`."""

    delivered: int = 0
    refused: int = 0
    """Answered 4xx, which vendors do not repeat."""
    given_up: int = 0
    dropped: int = 0
    """By a fault, or because too many were waiting."""
    forbidden: int = 0
    """To another machine: never called."""


class Deliveries:
    """A bounded queue of calls and the connections that work it off."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self.counts = Counts()
        self._ready: asyncio.Queue[Job] = asyncio.Queue()
        self._waiting = 0

    @property
    def waiting(self) -> int:
        return self._waiting

    def post(self, url: str, make: Callable[[], Call], *, delay: float = 0.0) -> None:
        """Make the call after `delay` seconds; without waiting for it."""
        if not self._config.may_call(url):
            self.counts.forbidden += 1
        elif self._waiting >= WAITING:
            self.counts.dropped += 1
        else:
            self._waiting += 1
            self._enqueue(Job(make), delay)

    async def run(self) -> None:
        """Work until cancelled."""
        client = Client(total=TIMEOUT, connect=CONNECT, proxies={})
        try:
            await asyncio.gather(*(self._work(client) for _ in range(CONNECTIONS)))
        finally:
            await client.close()

    async def _work(self, client: Client) -> None:
        while True:
            job = await self._ready.get()
            call = job.make()
            self._settle(job, await _posted(client, call))

    def _settle(self, job: Job, status: int) -> None:
        job.tries += 1
        if status >= 500 and job.tries < TRIES:
            self._enqueue(job, min(30.0, 0.25 * 2 ** (job.tries - 1)))
            return
        self._waiting -= 1
        if status >= 500:
            self.counts.given_up += 1
        elif status >= 400:
            self.counts.refused += 1
        else:
            self.counts.delivered += 1

    def _enqueue(self, job: Job, delay: float) -> None:
        if delay > 0:
            asyncio.get_running_loop().call_later(delay, self._ready.put_nowait, job)
        else:
            self._ready.put_nowait(job)


async def _posted(client: Client, call: Call) -> int:
    """Return the status of the answer; 599 when there was none."""
    try:
        told = await client.call("POST", call.url, headers=call.headers, body=call.body)
    except Unwritable:
        return 400
    return told.status if isinstance(told, Answer) else 599
