"""One pooled keep-alive HTTP client for all providers, which says of each failure whether bytes may have gone out."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import timedelta

from notifier.errors import Unavailable
from notifier.providers.contract import NotSent, Unknown
from notifier.wire.answer import Answer, Unsent
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
        client = self._client
        if client is None or client.loop is not asyncio.get_running_loop():
            client = self._client = self._build()
        try:
            told = await client.call(method, url, headers=headers, body=body)
        except Unwritable as error:
            return NotSent(retry_after=MISCONFIGURED_WAIT, reason="account", detail=shortened(str(error)))
        if isinstance(told, Answer):
            return told
        detail = shortened(told.detail)
        return NotSent(reason="unreachable", detail=detail) if isinstance(told, Unsent) else Unknown(detail=detail)

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

    def _build(self) -> Client:
        return Client(
            total=self._total, connect=self._connect, largest=self._largest, tls=self._tls, proxies=self._proxies
        )


def shortened(detail: str) -> str:
    """Cut a provider's words to what support needs; PostgreSQL stores no NUL."""
    return detail.replace("\0", "")[:_LONGEST_DETAIL]
