"""Calls that end otherwise than by their answer, and futures nobody waits for: the next call suffers nothing."""

import asyncio
from datetime import timedelta

import pytest

from notifier.wire.answer import Answer, Broken, Told, Unsent
from notifier.wire.client import Client
from tests.wire.peers import LOOPS, OK, always, bodies, client, peer, post, run, saying


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
