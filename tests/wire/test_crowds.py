"""Many calls at once: few connections where answers come at once, one each where they do not."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from notifier.wire import pool
from notifier.wire.answer import Answer, Unsent
from tests.wire.peers import OK, always, client, peer, post, run


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
