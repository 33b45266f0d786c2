"""The other side: little servers that do as they are told, and a loop to meet them on."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import uvloop
from msgspec import Struct

from notifier.wire.answer import Answer, Told
from notifier.wire.client import Client

T = TypeVar("T")
Serving = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
LOOPS: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.new_event_loop,
}


def run(work: Coroutine[Any, Any, T], loop: str = "uvloop") -> T:
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        return runner.run(work)


class Peer(Struct):
    """A server, and whoever came to it."""

    url: str = ""
    port: int = 0
    connections: int = 0
    stop_listening: Callable[[], None] = lambda: None
    """Refuse who comes from now on; whoever is there stays."""


@contextlib.asynccontextmanager
async def peer(serving: Serving, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Peer]:
    """Serve every connection on a free port; whatever is still open afterwards is cut."""
    found = Peer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections += 1
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            await serving(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(serve, host, 0, ssl=tls, backlog=1024)
    found.stop_listening = server.close
    found.port = server.sockets[0].getsockname()[1]
    shown = f"[{host}]" if ":" in host else "localhost" if tls else host
    found.url = f"{'https' if tls else 'http'}://{shown}:{found.port}"
    try:
        yield found
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # a transport is closed in a later turn of the loop


@contextlib.asynccontextmanager
async def client(**changed: Any) -> AsyncIterator[Client]:
    told: dict[str, Any] = {"total": timedelta(seconds=2), "connect": timedelta(seconds=1), "proxies": {}}
    made = Client(**told | changed)
    try:
        yield made
    finally:
        await made.close()


async def request(reader: asyncio.StreamReader) -> bytes:
    """Read one whole request."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return head + (await reader.readexactly(int(length)) if length else b"")


def saying(*answers: bytes) -> Serving:
    """Answer one request after the other over one connection; then hang up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await request(reader)
            writer.write(answer)
            await writer.drain()

    return serve


def always(answer: bytes, *, after: float = 0.0) -> Serving:
    """Answer every request over every connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            await asyncio.sleep(after)
            writer.write(answer)

    return serve


async def post(client: Client, url: str, body: bytes = b"{}", **headers: str) -> Told:
    return await client.call("POST", url, headers=headers, body=body)


def told_by(serving: Serving, *, loop: str = "uvloop", times: int = 1, **changed: Any) -> list[Told]:
    """Make calls, one after the other, to a server that serves so."""

    async def call() -> list[Told]:
        async with peer(serving) as found, client(**changed) as calling:
            return [await post(calling, found.url) for _ in range(times)]

    return run(call(), loop)


def bodies(told: list[Told]) -> list[bytes | str]:
    """Return what was answered, and of what was not why."""
    return [one.body if isinstance(one, Answer) else one.detail for one in told]
