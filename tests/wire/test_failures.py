"""Which failures are surely unsent, and which nobody can be sure of."""

import asyncio
import socket
import struct
import time
from datetime import timedelta
from typing import cast

import pytest

from notifier.clock import since_boot
from notifier.wire.answer import Answer, Broken, Told, Unsent
from notifier.wire.call import Call
from notifier.wire.connection import Connection
from notifier.wire.pool import Pool
from notifier.wire.request import Unwritable
from tests.wire.peers import LOOPS, OK, always, client, peer, post, request, run

SHORT = {"total": timedelta(seconds=0.3), "connect": timedelta(seconds=0.2)}
PATIENT = {"total": timedelta(seconds=0.6), "connect": timedelta(seconds=0.5)}
"""Where the connection has to come to be, on a machine that is busy."""


async def called(url: str, **changed: timedelta) -> Told:
    async with client(**SHORT | changed) as calling:
        return await post(calling, url)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_refused_connection_is_surely_unsent(loop: str) -> None:
    assert isinstance(run(called("http://127.0.0.1:1/"), loop), Unsent)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_name_nobody_knows_is_surely_unsent(loop: str) -> None:
    told = run(called("http://nobody.invalid/", connect=timedelta(seconds=5), total=timedelta(seconds=6)), loop)

    assert isinstance(told, Unsent)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_connection_that_does_not_come_to_be_in_time_is_surely_unsent(loop: str) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as crowding:
        crowding.connect(full.getsockname())
        told = run(called(f"http://127.0.0.1:{full.getsockname()[1]}/"), loop)

    assert told == Unsent("no connection: not within 0.2 s")


def test_a_call_that_waits_for_a_connection_until_its_end_is_surely_unsent() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as crowding:
        crowding.connect(full.getsockname())
        told = run(called(f"http://127.0.0.1:{full.getsockname()[1]}/", connect=timedelta(seconds=0.6)))

    assert told == Unsent("no connection: no answer within 0.3 s")


def test_an_answer_that_does_not_come_in_time_is_unknown() -> None:
    async def call() -> Told:
        async with peer(always(OK, after=9)) as found:
            return await called(found.url)

    assert run(call()) == Broken("no answer within 0.3 s")


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("does", ["hangs up", "resets", "stops reading"])
@pytest.mark.parametrize("after", [0, 1, 20, 1_000, 200_000])
def test_a_request_cut_anywhere_is_unknown(after: int, does: str, loop: str) -> None:
    """After some bytes of the request; not even the other side's silence proves that none were read."""

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(after)
        if does == "stops reading":
            await asyncio.sleep(1)
        if does == "resets":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async def call() -> Told:
        async with peer(cut) as found, client(**PATIENT) as calling:
            return await post(calling, found.url, b"x" * 10_000_000)

    assert isinstance(run(call(), loop), Broken)


def test_a_kept_connection_that_ends_as_the_request_goes_out_is_unknown_and_nothing_is_sent_twice() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(OK)
        await request(reader)

    async def call() -> tuple[list[object], int]:
        async with peer(serve) as found, client() as calling:
            return [await post(calling, found.url) for _ in range(2)], found.connections

    told, many = run(call())

    assert isinstance(told[0], Answer)
    assert told[1] == Broken("closed without an answer")
    assert many == 1


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_that_comes_late_reads_what_has_long_arrived(loop: str) -> None:
    async def call() -> Told:
        async with peer(always(OK)) as found, client(total=timedelta(seconds=0.3)) as calling:
            await post(calling, found.url)
            far = asyncio.create_task(post(calling, found.url))
            for _ in range(3):
                await asyncio.sleep(0)  # the request is written and may be answered
            time.sleep(0.4)  # noqa: ASYNC251 - the process is frozen
            return await far

    assert isinstance(run(call(), loop), Answer)


@pytest.mark.parametrize(
    ("url", "headers"),
    [("http://127.0.0.1:1/", {"X": "a\r\nY: b"}), ("ftp://127.0.0.1/", {}), ("http://[::1/", {}), ("x", {})],
)
def test_what_cannot_be_written_is_not(url: str, headers: dict[str, str]) -> None:
    async def call() -> None:
        async with client() as calling:
            with pytest.raises(Unwritable):
                await calling.call("POST", url, headers=headers, body=b"")

    run(call())


class Free:
    """A connection that takes whatever it is given."""

    def __init__(self, written: list[Call]) -> None:
        self.start = written.append

    def is_open(self) -> bool:
        return True


@pytest.mark.parametrize("loop", LOOPS)
def test_what_waited_beyond_its_time_is_not_written_any_more(loop: str) -> None:
    """The process was frozen while a call waited for a connection: whoever asked has given it up, and may ask again."""

    async def frozen() -> tuple[Told, list[bytes]]:
        written: list[Call] = []
        pool = Pool(never, largest=1000)
        call = Call(b"late", asyncio.get_running_loop().create_future(), due=since_boot() - 1)
        pool.take(call)
        pool._free(cast(Connection, Free(written)))  # noqa: TC006 - as a connection that has read its answer does
        return await call.future, [one.request for one in written]

    async def never(made: object) -> Connection:
        await asyncio.sleep(60)
        raise AssertionError(made)

    told, written = run(frozen(), loop)

    assert isinstance(told, Unsent)
    assert written == []
