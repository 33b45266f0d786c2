"""A keep-alive HTTP/1.1 caller that costs next to nothing: what is measured is the one who answers."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import cast
from urllib.parse import urlsplit

import httptools


class Wire(asyncio.Protocol):
    """One connection, one request at a time. Whoever asks is called back: no task and no future for each request."""

    def __init__(self, answered: Callable[["Wire", int], None], lost: Callable[["Wire"], None]) -> None:
        """`answered` is told each status; `lost`, that the connection is gone. `asked`: what has no answer yet."""
        self.asked = b""
        self._answered = answered
        self._lost = lost
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes) -> None:
        """Send a request as it is."""
        self.asked = request
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._answered(self, self._parser.get_status_code())

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self._lost(self)

    def close(self) -> None:
        self._transport.close()


def request(url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Write a POST."""
    _, _, host, path = url.split("/", 3)
    lines = [f"POST /{path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def connect(url: str, answered: Callable[[Wire, int], None], lost: Callable[[Wire], None]) -> Wire:
    """Open a connection to a URL's host."""
    parts, made = urlsplit(url), partial(Wire, answered, lost)
    _, wire = await asyncio.get_running_loop().create_connection(made, parts.hostname or "", parts.port or 80)
    return wire


async def flood(url: str, requests: Iterable[bytes], *, connections: int) -> list[int]:
    """
    Send the requests over that many connections, each as soon as it is free; return the statuses.

    Raises:
        ConnectionResetError: a connection was closed before it had its answer.
    """
    left: Iterator[bytes] = iter(requests)
    statuses: list[int] = []
    over = asyncio.get_running_loop().create_future()

    def go_on(wire: Wire) -> None:
        if one := next(left, b""):
            wire.ask(one)
        else:
            wire.asked = b""
            wires.discard(wire)
            if not (wires or over.done()):
                over.set_result(None)

    def answered(wire: Wire, status: int) -> None:
        statuses.append(status)
        go_on(wire)

    def lost(wire: Wire) -> None:
        if wire.asked and not over.done():
            over.set_exception(ConnectionResetError("closed by the other side"))

    opened = [await connect(url, answered, lost) for _ in range(connections)]
    wires = set(opened)
    try:
        for wire in opened:
            go_on(wire)
        await over
    finally:
        for wire in opened:
            wire.close()
    return statuses
