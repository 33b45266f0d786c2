"""Let concurrent requests share one commit: what gathers while one transaction is written goes into the next."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Together(Generic[Item, Outcome]):
    """
    Call it with one item from any number of requests; each is answered after the commit its item was part of.

    `work` takes the items of one transaction and returns an outcome for each, in order; it runs in one thread. When it
    fails for what is in the items, they are tried one by one, so that a poisonous one fails alone.
    """

    def __init__(
        self,
        work: Callable[[list[Item]], Sequence[Outcome]],
        *,
        most: int = 1000,
        weigh: Callable[[Item], int] = lambda item: 1,  # noqa: ARG005 - each item counts for one
    ) -> None:
        """`most`: the weight of items one transaction takes; a heavier single item goes alone."""
        self._work = work
        self._most = most
        self._weigh = weigh
        self._waiting: deque[tuple[Item, asyncio.Future[Outcome]]] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="together")
        self._flushing: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Outcome:
        """Put the item into the next transaction and wait for its commit."""
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        return await answer

    async def _flush(self) -> None:
        # One turn of the loop first: requests that have already arrived come along.
        await asyncio.sleep(0)
        while self._waiting:
            batch = self._next()
            try:
                outcomes = await self._run([item for item, _ in batch])
            except Exception as error:  # noqa: BLE001 - handed to the requests it belongs to
                await self._one_by_one(batch, error)
            else:
                for (_, answer), outcome in zip(batch, outcomes, strict=True):
                    _settle(answer, outcome)

    async def _one_by_one(self, batch: list[tuple[Item, asyncio.Future[Outcome]]], error: Exception) -> None:
        is_away = isinstance(error, OperationalError | InterfaceError)
        for item, answer in batch:
            if len(batch) == 1 or is_away or not isinstance(error, DBAPIError | ValueError):
                _refuse(answer, error)
                continue
            try:
                _settle(answer, (await self._run([item]))[0])
            except Exception as alone:  # noqa: BLE001 - handed to the request it belongs to
                _refuse(answer, alone)

    async def _run(self, items: list[Item]) -> Sequence[Outcome]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._work, items)

    def _next(self) -> list[tuple[Item, asyncio.Future[Outcome]]]:
        batch, weight = [self._waiting.popleft()], 0
        weight = self._weigh(batch[0][0])
        while self._waiting and (weight := weight + self._weigh(self._waiting[0][0])) <= self._most:
            batch.append(self._waiting.popleft())
        return batch


def _settle(answer: "asyncio.Future[Outcome]", outcome: Outcome) -> None:
    if not answer.done():  # the caller may have gone
        answer.set_result(outcome)


def _refuse(answer: "asyncio.Future[Outcome]", error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
