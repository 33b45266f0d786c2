"""The client: prepares a call once, finds it a connection, waits for what becomes of it."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache, partial

from notifier.wire.answer import Answer, Told, Unsent
from notifier.wire.call import Call
from notifier.wire.connection import LARGEST
from notifier.wire.deadlines import Deadlines
from notifier.wire.opening import opened
from notifier.wire.pool import Pool
from notifier.wire.proxies import Proxies
from notifier.wire.request import Origin, head, target

_PREPARED = 256
"""Heads kept: a provider's are the same for every message, or used once."""


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
        self._deadlines = Deadlines(total.total_seconds())
        self._pools: dict[Origin, Pool] = {}
        self._is_closed = False
        self._prepared = lru_cache(_PREPARED)(self._prepare)

    async def call(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Told:
        """
        Make one request, once: no redirect is followed, and nothing is tried again.

        Raises:
            Unwritable: it is no request that could be made; nothing was sent.
        """
        if self._is_closed:
            return Unsent("closed")
        pool, prepared, is_relayed = self._prepared(method, url, tuple(headers.items()))
        if body is None and method == "GET":
            request = prepared + b"\r\n"
        else:
            body = body or b""
            request = prepared + b"Content-Length: %d\r\n\r\n" % len(body) + body
        call = Call(request, self.loop.create_future())
        self._deadlines.begin(call)
        try:
            pool.take(call)
            told = await call.told
        except asyncio.CancelledError:
            call.give_up("cancelled")
            raise
        finally:
            self._deadlines.end(call)
        if is_relayed and isinstance(told, Answer) and told.status == 407:
            return Unsent("the proxy wants other credentials")
        return told

    async def close(self) -> None:
        """Close every connection; calls under way end as they stand. The client is used no more."""
        self._is_closed = True
        for pool in self._pools.values():
            await pool.close()
        self._deadlines.close()
        await asyncio.sleep(0)  # a transport is closed in the next turn of the loop

    def _prepare(self, method: str, url: str, headers: tuple[tuple[str, str], ...]) -> tuple[Pool, bytes, bool]:
        """Return the connections, the head, and whether the proxy is who answers: it relays http, and sees no https."""
        to = target(url)
        proxy = self._proxies.way_to(to.origin)
        relay = proxy if to.origin.scheme == "http" else None
        written = head(method, to, dict(headers), proxy=relay.authorization if relay else None)
        if to.origin not in self._pools:
            tls = self._trusted() if to.origin.scheme == "https" else None
            open_one = partial(opened, to=to.origin, proxy=proxy, tls=tls, within=self._connect)
            self._pools[to.origin] = Pool(open_one, largest=self._largest)
        return self._pools[to.origin], written, relay is not None

    def _trusted(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls
