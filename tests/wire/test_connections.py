"""Connections are used again as long as nothing speaks against it, and never when something does."""

import asyncio
import socket
from collections import Counter
from datetime import timedelta

import pytest

from notifier.wire import pool
from notifier.wire.answer import Answer, Broken, Told, Unsent
from notifier.wire.client import Client
from tests.wire.peers import LOOPS, OK, always, bodies, client, peer, post, request, run, saying, told_by


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


def test_a_crowd_shares_few_connections_to_one_who_answers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "PATIENCE", 5.0)

    async def call() -> tuple[int, int]:
        async with peer(always(OK)) as found, client() as calling:
            told = await asyncio.gather(*(post(calling, found.url) for _ in range(500)))
            return found.connections, sum(isinstance(one, Answer) for one in told)

    assert run(call()) == (pool.OPENING, 500)


def test_a_crowd_waits_for_nobody_in_a_queue_that_moves_too_slowly() -> None:
    async def call() -> int:
        async with peer(always(OK, after=0.03)) as found, client() as calling:
            await asyncio.gather(*(post(calling, found.url) for _ in range(500)))
            return found.connections

    assert run(call()) > 2 * pool.OPENING


def test_a_crowd_needs_no_patience_where_every_answer_ends_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "PATIENCE", 5.0)
    last = OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")

    async def call() -> tuple[int, int]:
        async with peer(always(last)) as found, client() as calling:
            told = await asyncio.gather(*(post(calling, found.url) for _ in range(300)))
            return found.connections, sum(isinstance(one, Answer) for one in told)

    assert run(call()) == (300, 300)


def test_of_a_crowd_those_are_unsent_whose_share_a_failed_opening_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "PATIENCE", 5.0)
    monkeypatch.setattr(pool, "OPENING", 2)

    async def call() -> list[object]:
        came = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            came.set()
            await always(OK, after=0.1)(reader, writer)

        async with peer(serve) as found, client() as calling:
            first = asyncio.create_task(post(calling, found.url))
            await came.wait()
            found.stop_listening()
            return [await first, *await asyncio.gather(*(post(calling, found.url) for _ in range(10)))]

    told = run(call())

    assert Counter(type(one) for one in told) == {Answer: 6, Unsent: 5}


def test_calls_that_take_long_get_a_connection_each() -> None:
    async def call() -> tuple[int, int]:
        async with peer(always(OK, after=0.5)) as found, client() as calling:
            told = await asyncio.gather(*(post(calling, found.url) for _ in range(200)))
            return found.connections, sum(isinstance(one, Answer) for one in told)

    assert run(call()) == (200, 200)


def test_nobody_listening_is_told_to_all_who_wait_at_once() -> None:
    async def call() -> list[object]:
        async with client(total=timedelta(seconds=30)) as calling:
            async with asyncio.timeout(5):
                return await asyncio.gather(*(post(calling, "http://127.0.0.1:1/") for _ in range(500)))

    told = run(call())

    assert {type(one) for one in told} == {Unsent}


def test_closing_ends_what_is_under_way() -> None:
    async def call() -> list[object]:
        async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()

        async with peer(hang) as found:
            calling = Client(total=timedelta(seconds=5), connect=timedelta(seconds=5), proxies={})
            under_way = asyncio.create_task(post(calling, found.url))
            await asyncio.sleep(0.05)
            waiting = asyncio.create_task(post(calling, found.url))
            await asyncio.sleep(0)
            await calling.close()
            return [await under_way, await waiting]

    told = run(call())

    assert [type(one) for one in told] == [Broken, Unsent]


def test_a_call_that_is_cancelled_takes_its_connection_with_it() -> None:
    async def call() -> tuple[list[bytes | str], int]:
        async with peer(always(OK, after=0.2)) as found, client() as calling:
            task = asyncio.create_task(post(calling, found.url))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return bodies([await post(calling, found.url)]), found.connections

    assert run(call()) == ([b"{}"], 2)


def test_a_call_cancelled_as_its_answer_comes_leaves_the_next_one_alone() -> None:
    async def call() -> list[object]:
        async with peer(always(OK, after=0.02)) as found, client() as calling:
            told: list[object] = []
            for pause in range(10, 30):
                task = asyncio.create_task(post(calling, found.url))
                await asyncio.sleep(pause / 1000)
                task.cancel()
                told.append(await post(calling, found.url))
                await asyncio.gather(task, return_exceptions=True)
            return told

    assert [one for one in run(call()) if not isinstance(one, Answer)] == []


@pytest.mark.parametrize("loop", LOOPS)
def test_what_is_made_of_an_answer_is_for_who_asked_whatever_comes_of_it(loop: str) -> None:
    def read(told: Told) -> str:
        assert isinstance(told, Answer)
        return str(told.json()["x"])

    async def call() -> tuple[list[object], int]:
        answers = (
            b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" + one for one in (b'{"x":1}', b'{"y":1}', b'{"x":3}')
        )
        async with peer(saying(*answers)) as found, client() as calling:
            prepared = calling.prepare("POST", found.url, {})
            told = [
                (await asyncio.gather(calling.start(prepared, b"{}", read), return_exceptions=True))[0]
                for _ in range(3)
            ]
            return told, found.connections

    told, many = run(call(), loop)

    assert (told[0], type(told[1]), told[2], many) == ("1", KeyError, "3", 1)


def test_whoever_cancels_a_future_only_hears_no_more_of_the_call() -> None:
    async def call() -> tuple[Told, int]:
        async with peer(always(OK, after=0.05)) as found, client() as calling:
            prepared = calling.prepare("POST", found.url, {})
            calling.start(prepared, b"{}", str).cancel()
            await asyncio.sleep(0.15)
            return await post(calling, found.url), found.connections

    told, many = run(call())

    assert isinstance(told, Answer)
    assert many == 1


def test_a_client_that_is_closed_begins_nothing() -> None:
    async def call() -> Told:
        async with peer(always(OK)) as found:
            async with client() as calling:
                prepared = calling.prepare("POST", found.url, {})
            return await calling.start(prepared, b"{}", lambda told: told)

    assert run(call()) == Unsent("closed")


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
