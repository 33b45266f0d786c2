"""Requests that share a commit: many wait for few, and nobody waits for ever."""

import asyncio
import threading

import pytest

from notifier import together
from notifier.errors import Unavailable
from notifier.together import Together


def test_poison_is_found_by_halves() -> None:
    runs: list[int] = []

    def work(items: list[int]) -> list[int]:
        runs.append(len(items))
        if 700 in items:
            raise ValueError("seven hundred cannot be stored")
        return items

    async def ask() -> list[int | BaseException]:
        same = Together[int, int](work)
        return await asyncio.gather(*(same(item) for item in range(1000)), return_exceptions=True)

    answers = asyncio.run(ask())

    assert [place for place, answer in enumerate(answers) if isinstance(answer, ValueError)] == [700]
    assert len(runs) < 30


def test_a_second_transaction_is_begun_when_it_is_full_and_not_before() -> None:
    let_go, another = threading.Event(), threading.Semaphore(0)
    begun: list[list[int]] = []

    def work(items: list[int]) -> list[int]:
        begun.append(items)
        another.release()
        assert let_go.wait(10)
        return items

    async def ask() -> list[list[int]]:
        same = Together[int, int](work, most=3, at_once=2)
        first = same(0)
        await asyncio.to_thread(another.acquire, timeout=10)
        others = [same(item) for item in (1, 2)]
        await asyncio.sleep(0.02)
        with_a_few = list(begun)
        others += [same(item) for item in (3, 4)]
        await asyncio.to_thread(another.acquire, timeout=10)
        let_go.set()
        await asyncio.gather(first, *others)
        return with_a_few

    assert asyncio.run(ask()) == [[0]]
    assert begun == [[0], [1, 2, 3], [4]]


def test_what_is_not_enough_waits_a_moment_for_more() -> None:
    begun: list[list[int]] = []

    def work(items: list[int]) -> list[int]:
        begun.append(items)
        return items

    async def ask() -> None:
        same = Together[int, int](work, enough=3)
        waiting = []
        for item in range(3):
            waiting.append(same(item))
            for _ in range(5):  # turns of the loop in which one alone would have been begun
                await asyncio.sleep(0)
        await asyncio.gather(*waiting)
        assert await same(3) == 3

    asyncio.run(ask())

    assert begun == [[0, 1, 2], [3]]


def test_a_flood_is_asked_to_come_again_and_is_let_in_later() -> None:
    let_go = threading.Event()

    def work(items: list[int]) -> list[int]:
        assert let_go.wait(10)
        return items

    async def ask() -> tuple[int, int]:
        same = Together[int, int](work, most=2)
        waiting, refused = [], 0
        for item in range(2 * together.DEEPEST + 20):
            try:
                waiting.append(same(item))
            except Unavailable:
                refused += 1
        let_go.set()
        await asyncio.gather(*waiting)
        return refused, await same(7)

    refused, later = asyncio.run(ask())

    assert refused > 0
    assert later == 7


def test_a_database_that_does_not_answer_keeps_nobody_waiting() -> None:
    let_go = threading.Event()

    def work(items: list[int]) -> list[int]:
        assert let_go.wait(10)
        return items

    async def ask() -> int:
        same = Together[int, int](work, patience=0.05)
        first = same(1)
        await asyncio.sleep(0.1)
        with pytest.raises(Unavailable):
            await same(2)
        let_go.set()
        return await first

    assert asyncio.run(ask()) == 1
