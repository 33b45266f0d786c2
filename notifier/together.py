"""Let concurrent requests share one commit: what gathers while one transaction is written goes into the next."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from notifier.errors import Unavailable

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

#: Whole transactions that may wait; who comes then is asked to come again, so that a flood does not fill the memory.
DEEPEST = 20
PATIENCE = 8.0
"""Seconds: what takes longer has met a database that neither answers nor refuses. Whoever calls here waits some 10
(SendGrid) or 15 (Twilio): telling them at once to come again leaves nothing to pile up."""
MOMENT = 0.02
"""Seconds at most for which a transaction waits to be worth its commit."""
_LOOKS = 4


class Together(Generic[Item, Outcome]):
    """
    Call it with one item from any number of requests; each is answered after the commit its item was part of.

    `work` takes the items of one transaction and returns an outcome for each, in order; it runs in a thread. When it
    fails for what is in the items, halves are tried, and halves of those, so that a poisonous one fails alone.
    """

    def __init__(
        self,
        work: Callable[[list[Item]], Sequence[Outcome]],
        *,
        most: int = 1000,
        weigh: Callable[[Item], int] = lambda item: 1,  # noqa: ARG005 - each item counts for one
        at_once: int = 1,
        enough: int = 0,
        patience: float = PATIENCE,
    ) -> None:
        """
        Start nothing yet.

        `most`: the weight of items one transaction takes; a heavier single item goes alone. `at_once`: transactions
        under way together; a further one is begun only when there is a full one to begin. `enough`: a lighter one waits
        while more come, `MOMENT` at most: for callers who are in no hurry. `patience`: seconds one may be under way
        before who comes is asked to come again.
        """
        self._work = work
        self._most = most
        self._weigh = weigh
        self._at_once = at_once
        self._enough = enough
        self._patience = patience
        self._waiting: deque[tuple[Item, int, asyncio.Future[Outcome]]] = deque()
        self._weight = 0
        self._threads = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="together")
        self._flushing: set[asyncio.Task[None]] = set()
        self._begun: list[float] = []

    def __call__(self, item: Item) -> "asyncio.Future[Outcome]":
        """
        Put the item into the next transaction; what is returned has its outcome after the commit.

        Raises:
            Unavailable: too many wait already, or the database keeps them waiting. Nothing was done.
        """
        loop = asyncio.get_running_loop()
        if self._weight >= DEEPEST * self._most:
            raise Unavailable("More has come than can be written now.")
        if self._begun and loop.time() - self._begun[0] > self._patience:
            raise Unavailable("The database does not answer.")
        answer: asyncio.Future[Outcome] = loop.create_future()
        weight = self._weigh(item)
        self._waiting.append((item, weight, answer))
        self._weight += weight
        if not self._flushing or (len(self._flushing) < self._at_once and self._weight >= self._most):
            self._flushing.add(loop.create_task(self._flush()))
        return answer

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                await self._gather()
                if not self._waiting:  # another flush has taken them
                    break
                self._begun.append(begun := loop.time())
                try:
                    await self._answer(*self._next())
                finally:
                    self._begun.remove(begun)
        finally:
            # In the same turn as the last look: who comes later starts a task of their own.
            self._flushing = {task for task in self._flushing if task is not asyncio.current_task()}

    async def _gather(self) -> None:
        await asyncio.sleep(0)  # one turn of the loop: requests that have already arrived come along
        for _ in range(_LOOKS):
            before = self._weight
            if before >= self._enough:
                return
            await asyncio.sleep(MOMENT / _LOOKS)
            if self._weight == before:  # those who wait are all there are
                return

    async def _answer(self, items: list[Item], answers: "list[asyncio.Future[Outcome]]") -> None:
        loop = asyncio.get_running_loop()
        try:
            outcomes = await loop.run_in_executor(self._threads, self._work, items)
        except Exception as error:  # noqa: BLE001 - handed to the requests it belongs to
            is_away = isinstance(error, OperationalError | InterfaceError)
            if len(items) == 1 or is_away or not isinstance(error, DBAPIError | ValueError):
                for answer in answers:
                    if not answer.done():
                        answer.set_exception(error)
                return
            middle = len(items) // 2
            await self._answer(items[:middle], answers[:middle])
            await self._answer(items[middle:], answers[middle:])
        else:
            for answer, outcome in zip(answers, outcomes, strict=True):
                if not answer.done():  # the caller may have gone
                    answer.set_result(outcome)

    def _next(self) -> "tuple[list[Item], list[asyncio.Future[Outcome]]]":
        items: list[Item] = []
        answers: list[asyncio.Future[Outcome]] = []
        taken = 0
        while self._waiting and (not items or taken + self._waiting[0][1] <= self._most):
            item, weight, answer = self._waiting.popleft()
            items.append(item)
            answers.append(answer)
            taken += weight
        self._weight -= taken
        return items, answers
