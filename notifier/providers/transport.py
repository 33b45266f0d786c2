"""One pooled keep-alive HTTP client for all providers, which says of each failure whether bytes may have gone out."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from notifier.errors import Unavailable
from notifier.providers.contract import NotSent, Outcome, Unknown
from notifier.wire.answer import Answer, Broken, Told, Unsent
from notifier.wire.client import Client
from notifier.wire.connection import LARGEST
from notifier.wire.request import Unwritable

__all__ = ["CONNECT", "TOTAL", "Answer", "Transport", "shortened"]

TOTAL = timedelta(seconds=8)
"""The longest a call may take. With the age a claim may have (`sending.pace`) it bounds the first wait for evidence."""
CONNECT = timedelta(seconds=3)
MISCONFIGURED_WAIT = 60.0
"""Seconds before a call is tried again whose address or headers cannot be written: a human must mend a setting."""
_LONGEST_DETAIL = 300


class Transport:
    """A pool of connections, opened at the first call. `call` belongs to the sending loop."""

    def __init__(
        self,
        *,
        total: timedelta = TOTAL,
        connect: timedelta = CONNECT,
        largest: int = LARGEST,
        tls: ssl.SSLContext | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> None:
        """`largest`: bytes of an answer. `tls` and `proxies` stand for the system's authorities and environment."""
        self._total = total
        self._connect = connect
        self._largest = largest
        self._tls = tls
        self._proxies = proxies
        self._client: Client | None = None

    async def call(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer | NotSent | Unknown:
        """Make one request, once. Never raises for what the network does, nor for what cannot be asked of it."""
        try:
            told = await self.client().call(method, url, headers=headers, body=body)
        except Unwritable as error:
            return _unwritable(error)
        return told if isinstance(told, Answer) else _failed(told)

    def endpoint(
        self, method: str, url: str, *, headers: Mapping[str, str], read: Callable[[Answer], Outcome]
    ) -> Callable[[bytes], Awaitable[Outcome]]:
        """
        Return what makes the same request, but for its body, again and again; `read` says what an answer means.

        A call of it begins at once and needs no task. It never raises, either.
        """
        return _Endpoint(self.client, method, url, headers, read).begin

    async def ask(self, url: str, *, headers: Mapping[str, str]) -> Answer:
        """
        Make a GET that must be answered.

        Raises:
            Unavailable: it was not, or with an error other than 404.
        """
        answer = await self.call("GET", url, headers=headers)
        if not isinstance(answer, Answer):
            raise Unavailable(answer.detail)
        if answer.status not in {200, 404}:
            raise Unavailable(f"answered {answer.status}")
        return answer

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def client(self) -> Client:
        """Return the client of the running loop."""
        if self._client is None or self._client.loop is not asyncio.get_running_loop():
            self._client = Client(
                total=self._total, connect=self._connect, largest=self._largest, tls=self._tls, proxies=self._proxies
            )
        return self._client


class _Endpoint:
    def __init__(
        self,
        client: Callable[[], Client],
        method: str,
        url: str,
        headers: Mapping[str, str],
        read: Callable[[Answer], Outcome],
    ) -> None:
        self._current = client
        self._request = method, url, headers
        self._read = read
        self._client: Client | None = None

    def begin(self, body: bytes) -> "asyncio.Future[Outcome]":
        client = self._current()
        try:
            if client is not self._client:
                self._prepared = client.prepare(*self._request)
                self._client = client
        except Unwritable as error:
            unsent: asyncio.Future[Outcome] = client.loop.create_future()
            unsent.set_result(_unwritable(error))
            return unsent
        return client.start(self._prepared, body, self._outcome)

    def _outcome(self, told: Told) -> Outcome:
        return self._read(told) if isinstance(told, Answer) else _failed(told)


def _failed(told: Unsent | Broken) -> NotSent | Unknown:
    detail = shortened(told.detail)
    return NotSent(reason="unreachable", detail=detail) if isinstance(told, Unsent) else Unknown(detail=detail)


def _unwritable(error: Unwritable) -> NotSent:
    return NotSent(retry_after=MISCONFIGURED_WAIT, reason="account", detail=shortened(str(error)))


def shortened(detail: str) -> str:
    """Cut a provider's words to what support needs; PostgreSQL stores no NUL."""
    return detail.replace("\0", "")[:_LONGEST_DETAIL]
