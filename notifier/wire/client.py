"""The client: prepares a call once, finds it a connection, waits for what becomes of it."""

import asyncio
import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeVar

from notifier.wire.answer import Answer, Told, Unsent
from notifier.wire.call import Call
from notifier.wire.connection import LARGEST
from notifier.wire.deadlines import Deadlines
from notifier.wire.opening import opened
from notifier.wire.pool import Pool
from notifier.wire.proxies import Proxies
from notifier.wire.request import Origin, head, target

T = TypeVar("T")

_PREPARED = 256
"""Heads kept: a provider's are the same for every message, or used once."""


class Prepared(NamedTuple):
    """A request but for its body, for the client that prepared it."""

    pool: Pool
    head: bytes
    is_relayed: bool
    """It goes to a proxy that answers by itself where the origin cannot be reached."""


class Client:
    """Belongs to the loop it is made on, and to no other thread."""

    def __init__(
        self,
        *,
        total: timedelta,
        connect: timedelta,
        largest: int = LARGEST,
        tls: ssl.SSLContext | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> None:
        """
        Open no connection yet.

        `total` is for a whole call with all its waiting, `connect` for opening a connection, certificates included.
        `tls`: whom to believe, instead of the system's authorities. `proxies`: as in `Proxies`, instead of the
        environment's.
        """
        self.loop = asyncio.get_running_loop()
        self._connect = connect.total_seconds()
        self._largest = largest
        self._tls = tls
        self._proxies = Proxies(proxies)
        self._deadlines = Deadlines(total.total_seconds(), self._under_way)
        self._pools: dict[Origin, Pool] = {}
        self._is_closed = False
        self._prepared = lru_cache(_PREPARED)(self._prepare)

    async def call(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Told:
        """
        Make one request, once: no redirect is followed, and nothing is tried again.

        Raises:
            Unwritable: it is no request that could be made; nothing was sent.
        """
        call = self._begun(self.prepare(method, url, headers), b"" if body is None and method != "GET" else body)
        try:
            told: Told = await call.future
        except asyncio.CancelledError:
            call.give_up("cancelled")
            raise
        return told

    def prepare(self, method: str, url: str, headers: Mapping[str, str]) -> Prepared:
        """
        Return all of a request but its body.

        Raises:
            Unwritable: it is no request that could be made.
        """
        return self._prepared(method, url, tuple(headers.items()))

    def start(self, prepared: Prepared, body: bytes, read: Callable[[Told], T]) -> "asyncio.Future[T]":
        """
        Make one request as `call` does; the future gives what `read` makes of what is told. It takes no task.

        Whoever cancels the future only hears no more of the call.
        """
        return self._begun(prepared, body, read).future

    def _begun(self, prepared: Prepared, body: bytes | None, read: Callable[[Told], Any] | None = None) -> Call:
        pool, first, is_relayed = prepared
        # In one piece at once: a mail's body is too long to be copied more than once.
        request = first + b"\r\n" if body is None else b"%bContent-Length: %d\r\n\r\n%b" % (first, len(body), body)
        if is_relayed:
            read = partial(_relayed, read)
        call = Call(request, self.loop.create_future(), due=self._deadlines.due(), read=read)
        if self._is_closed:
            call.end(Unsent("closed"))
        else:
            pool.take(call)
        return call

    def _under_way(self) -> Iterator[Call]:
        return (call for pool in self._pools.values() for call in pool.under_way())

    async def close(self) -> None:
        """Close every connection; calls under way end as they stand. The client is used no more."""
        self._is_closed = True
        for pool in self._pools.values():
            await pool.close()
        self._deadlines.close()
        await asyncio.sleep(0)  # a transport is closed in the next turn of the loop

    def _prepare(self, method: str, url: str, headers: tuple[tuple[str, str], ...]) -> Prepared:
        to = target(url)
        proxy = self._proxies.way_to(to.origin)
        relay = proxy if to.origin.scheme == "http" else None
        written = head(method, to, dict(headers), proxy=relay.authorization if relay else None)
        if to.origin not in self._pools:
            tls = self._trusted() if to.origin.scheme == "https" else None
            open_one = partial(opened, to=to.origin, proxy=proxy, tls=tls, within=self._connect)
            self._pools[to.origin] = Pool(open_one, largest=self._largest)
        return Prepared(self._pools[to.origin], written, relay is not None)

    def _trusted(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


def _relayed(read: Callable[[Told], Any] | None, told: Told) -> Any:
    if isinstance(told, Answer) and told.status == 407:
        told = Unsent("the proxy wants other credentials")
    return read(told) if read else told
