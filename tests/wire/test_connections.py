"""Connections are used again as long as nothing speaks against it, and never when something does."""

import asyncio
import socket

import pytest

from notifier.wire import pool
from notifier.wire.answer import Answer
from tests.wire.peers import LOOPS, OK, always, client, peer, post, request, run, saying, told_by


async def connections(answer: bytes, *, calls: int = 3) -> int:
    """Return how many connections so many calls take, one after the other."""
    async with peer(always(answer)) as found, client() as calling:
        told = [await post(calling, found.url) for _ in range(calls)]
        assert [one for one in told if not isinstance(one, Answer)] == []
        return found.connections


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    ],
)
def test_one_connection_serves_one_call_after_the_other(answer: bytes, loop: str) -> None:
    assert run(connections(answer), loop) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        OK + b"H",
        OK + b"garbage",
        OK + OK,
        OK + b"HTTP/1.1 500 No\r\nConnection: close\r\nContent-Length: 9\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_a_connection_that_is_not_beyond_doubt_is_not_used_again(answer: bytes) -> None:
    assert run(connections(answer)) == 3


def test_the_first_of_two_answers_counts() -> None:
    later = b"HTTP/1.1 500 No\r\nX-Id: 2\r\nContent-Length: 3\r\n\r\nbad"
    (told,) = told_by(saying(OK.replace(b"\r\n\r\n", b"\r\nX-Id: 1\r\n\r\n") + later))

    assert isinstance(told, Answer)
    assert (told.status, told.headers["x-id"], told.body) == (200, "1", b"{}")


def test_what_comes_unasked_ends_a_connection_and_answers_nothing() -> None:
    async def unasked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(OK)
        await asyncio.sleep(0.05)
        writer.write(b"HTTP/1.1 500 Nobody asked\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    async def call() -> tuple[int, list[object]]:
        async with peer(unasked) as found, client() as calling:
            first = await post(calling, found.url)
            await asyncio.sleep(0.15)
            return found.connections, [first, await post(calling, found.url)]

    many, told = run(call())

    assert many == 1  # the second was only just opened when this was read
    assert [one.status for one in told if isinstance(one, Answer)] == [200, 200]


def test_an_answer_before_the_request_is_written_is_heard_and_ends_the_connection() -> None:
    async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too much\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(0.1)

    async def call() -> tuple[list[object], int]:
        async with peer(hasty) as found, client() as calling:
            told: list[object] = [await post(calling, found.url, b"x" * 20_000_000) for _ in range(2)]
            return told, found.connections

    told, many = run(call())

    assert [one.status for one in told if isinstance(one, Answer)] == [413, 413]
    assert many == 2


@pytest.mark.parametrize("loop", LOOPS)
def test_a_connection_closed_at_rest_is_not_used(loop: str) -> None:
    async def call() -> tuple[list[object], int]:
        async with peer(saying(OK)) as found, client() as calling:
            told: list[object] = []
            for _ in range(3):
                told.append(await post(calling, found.url))
                await asyncio.sleep(0.02)
            return told, found.connections

    told, many = run(call(), loop)

    assert many == 3
    assert [one for one in told if not isinstance(one, Answer)] == []


@pytest.mark.parametrize("loop", LOOPS)
def test_a_closing_the_loop_has_not_heard_of_is_looked_for_after_a_rest(loop: str) -> None:
    """The other side hangs up while our loop is busy with something else, and the next call begins before it looks."""

    async def call() -> list[object]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(2)
            async with client() as calling:
                url = f"http://127.0.0.1:{listener.getsockname()[1]}"
                told: list[object] = []
                for _ in range(2):
                    answering = asyncio.create_task(asyncio.to_thread(_answer_once, listener))
                    told.append(await post(calling, url))
                    near = await answering
                    await asyncio.sleep(pool.RESTED + 0.05)
                    near.close()  # nothing is awaited from here to the next call
                return told

    told = run(call(), loop)

    assert [one for one in told if not isinstance(one, Answer)] == []


def _answer_once(listener: socket.socket) -> socket.socket:
    near, _ = listener.accept()
    said = b""
    while not said.endswith(b"\r\n\r\n{}"):
        said += near.recv(65536)
    near.sendall(OK)
    return near


def test_a_connection_at_rest_for_long_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "IDLE", 0.1)
    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(OK)
        await reader.read()
        closed.set()

    async def call() -> None:
        async with peer(serve) as found, client() as calling:
            await post(calling, found.url)
            await asyncio.wait_for(closed.wait(), 1)

    run(call())


def _speaks_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _speaks_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("loop", LOOPS)
def test_an_address_may_be_of_the_newer_kind(loop: str) -> None:
    async def call() -> object:
        async with peer(always(OK), host="::1") as found, client() as calling:
            assert found.url.startswith("http://[::1]:")
            return await post(calling, found.url)

    assert isinstance(run(call(), loop), Answer)


@pytest.mark.parametrize("loop", LOOPS)
def test_of_a_names_addresses_the_one_that_answers_is_called(loop: str) -> None:
    """Many systems give both `::1` and `127.0.0.1` for localhost; the server listens on one only."""

    async def call() -> object:
        async with peer(always(OK)) as found, client() as calling:
            return await post(calling, found.url.replace("127.0.0.1", "localhost"))

    assert isinstance(run(call(), loop), Answer)
