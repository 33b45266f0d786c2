"""A keep-alive HTTP/1.1 caller that costs next to nothing: what is measured is the one who answers."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import cast
from urllib.parse import urlsplit

import httptools


class Wire(asyncio.Protocol):
    """One connection, one request at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[int] | None = None

    def ask(self, request: bytes) -> "asyncio.Future[int]":
        """Send a request as it is; the future gives the status, or ConnectionError."""
        if self._transport.is_closing():
            raise ConnectionResetError("closed by the other side")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(self._parser.get_status_code())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("closed"))

    def close(self) -> None:
        self._transport.close()


def request(url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Write a POST."""
    _, _, host, path = url.split("/", 3)
    lines = [f"POST /{path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def connect(url: str) -> Wire:
    """Open a connection to a URL's host."""
    parts = urlsplit(url)
    _, wire = await asyncio.get_running_loop().create_connection(Wire, parts.hostname or "", parts.port or 80)
    return wire


async def flood(url: str, requests: Iterable[bytes], *, connections: int) -> list[int]:
    """Send the requests over that many connections, each as soon as it is free; return the statuses."""
    left: Iterator[bytes] = iter(requests)
    statuses: list[int] = []

    async def work() -> None:
        wire = await connect(url)
        with contextlib.closing(wire):
            for one in left:
                statuses.append(await wire.ask(one))  # noqa: PERF401 - what was answered before a failure counts too

    await asyncio.gather(*(work() for _ in range(connections)))
    return statuses
