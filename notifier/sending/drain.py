"""Send everything of a lane that is due: claim in sets, call concurrently, settle what has returned."""

import asyncio
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from time import sleep

import structlog
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from notifier.clock import business_now, since_boot
from notifier.db import Database
from notifier.messages.accepted import Overtaken
from notifier.providers.contract import Outcome, Unknown
from notifier.providers.registry import Providers
from notifier.rendering.library import Library
from notifier.sending import loop, pace
from notifier.sending.claims.calls import Call, Claimed
from notifier.sending.claims.due import claim
from notifier.sending.claims.verdicts import carry_out
from notifier.sending.settle import Answered, HandedBack, settle, settle_accepted
from notifier.sending.ways import tokens
from notifier.sending.ways.routes import Sender
from notifier.settings import Settings

log = structlog.get_logger()

SET = 500
"""Messages claimed at once, at most."""


Take = Callable[[int], Claimed]
"""Claims, in a transaction that is committed when it returns, what so many free slots can start at once."""


def drain(
    database: Database, providers: Providers, library: Library, settings: Settings, lane: str, *,
    worker: str = "", stopped: threading.Event | None = None,
) -> int:  # fmt: skip
    """
    Claim, call and settle until nothing of the lane is due and every call has returned; return how many were made.

    May run in any number of threads and processes at once. `stopped` ends the claiming; calls that are out are still
    settled.
    """
    name = worker or worker_name()

    def take(free: int) -> Claimed:
        limit = min(free, SET)

        def work(db: Session, rooms: Mapping[Sender, float]) -> Claimed:
            now = business_now(db)
            return claim(db, providers, library, settings, lane=lane, limit=limit, worker=name, now=now, rooms=rooms)

        return tokens.spend(database, providers, work, lane=lane, limit=limit)

    return send_all(database, settings, take, stopped=stopped)


def send_all(
    database: Database, settings: Settings, take: Take, *, ahead: int = 0, patience: float | None = None,
    stopped: threading.Event | None = None,
) -> int:  # fmt: skip
    """
    Do what `drain` does with whatever `take` claims, until it has seen nothing.

    `ahead`: calls it may claim besides, which wait until a slot is free. `patience`: seconds after which it is asked
    all the same though few slots are free, or none: whoever has other work than claiming should not wait for a slow
    provider.
    """
    island = _Island(database, settings, take, ahead=ahead, patience=patience)
    return loop.run(island.run(stopped or threading.Event()))


def worker_name() -> str:
    """Return what the attempts of this process are marked with."""
    return f"{socket.gethostname()}:{os.getpid()}"


class _Island:
    """Where one drain's calls are concurrent. The database is only touched from threads, and never during a call."""

    def __init__(
        self, database: Database, settings: Settings, take: Take, *, ahead: int, patience: float | None
    ) -> None:
        self._database = database
        self._settings = settings
        self._take = take
        self._ahead = ahead
        self._patience = patience
        self._waiting: deque[Call] = deque()
        self._flying: set[asyncio.Future[Outcome]] = set()
        self._returned: list[Answered] = []
        self._landed = asyncio.Event()
        self._latency = 0.0
        """Seconds from the claim to the answer, of the last call that returned."""
        self._settling = False
        self._made = 0

    async def run(self, stopped: threading.Event) -> int:
        settling = asyncio.create_task(self._settle_all())
        try:
            await self._claim_all(stopped)
        finally:
            # Also when a claim has failed, the database being away: calls that are out will still be answered.
            while not (self._is_idle() or settling.done()):  # noqa: ASYNC110 - an event for each would say less
                await asyncio.sleep(pace.SETTLE_EVERY)
            settling.cancel()
            await asyncio.gather(settling, return_exceptions=True)
        return self._made

    async def _claim_all(self, stopped: threading.Event) -> None:
        """Claim what free slots can start at once, until nothing is due and all is settled."""
        while not stopped.is_set():
            free = await self._room()
            was_idle = self._is_idle()
            claimed = await asyncio.to_thread(self._claim, free)
            self._waiting += claimed.calls
            self._start_waiting()
            if not claimed.seen:
                if was_idle:
                    return
                await asyncio.sleep(pace.LOOK)
        self._hand_back(0.0)

    def _hand_back(self, age: float) -> None:
        """Hand back what has waited so long for a slot: it is due again, and asked about again before it is called."""
        while self._waiting and since_boot() - self._waiting[0].claimed >= age:
            self._returned.append(Answered(self._waiting.popleft(), HandedBack()))

    async def _room(self) -> int:
        """Wait until half of the slots are free: a claim of fewer costs as much as one of many."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                while len(self._flying) + len(self._waiting) > self._settings.calls / 2:
                    self._landed.clear()
                    await self._landed.wait()
        ahead = self._ahead if self._latency < pace.WAITS / 2 else 0
        return max(0, self._settings.calls + ahead - len(self._flying) - len(self._waiting))

    def _claim(self, limit: int) -> Claimed:
        claimed = self._take(limit)
        if claimed.held:
            self._hold(claimed)
        return claimed

    def _hold(self, claimed: Claimed) -> None:
        try:
            self._database.run(lambda db: carry_out(db, claimed.held, now=business_now(db)))
        except SQLAlchemyError:
            # They stay due and are seen again; the calls claimed beside them are committed and must be made.
            log.exception("messages could not be held", messages=len(claimed.held))

    def _is_idle(self) -> bool:
        return not (self._waiting or self._flying or self._returned or self._settling)

    def _start_waiting(self) -> None:
        while self._waiting and len(self._flying) < self._settings.calls:
            self._start(self._waiting.popleft())

    def _start(self, call: Call) -> None:
        if since_boot() - call.claimed > pace.CLAIM_AGE:
            self._returned.append(Answered(call, HandedBack()))
            return
        self._made += 1
        try:
            flight = asyncio.ensure_future(call.provider.send(call.outgoing))
        except Exception as error:  # noqa: BLE001 - whatever an adapter stumbles over, the call may have been made
            self._returned.append(Answered(call, _stumbled(error)))
        else:
            self._flying.add(flight)
            flight.add_done_callback(partial(self._land, call))

    def _land(self, call: Call, flight: asyncio.Future[Outcome]) -> None:
        try:
            outcome = flight.result()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - as above
            outcome = _stumbled(error)
        self._returned.append(Answered(call, outcome))
        self._flying.discard(flight)
        self._latency = since_boot() - call.claimed
        self._start_waiting()
        self._landed.set()

    async def _settle_all(self) -> None:
        while True:
            await self._gather()
            self._hand_back(pace.WAITS)
            batch, self._returned = self._returned[: pace.SETTLE_AT], self._returned[pace.SETTLE_AT :]
            if batch:
                self._settling = True
                try:
                    await asyncio.to_thread(self._settle, batch)
                finally:
                    self._settling = False

    async def _gather(self) -> None:
        """Let answers come together for a moment, as long as more are to come."""
        for _ in range(pace.SETTLE_LOOKS):
            if len(self._returned) >= pace.SETTLE_AT:
                return
            await asyncio.sleep(pace.SETTLE_EVERY)
            if not (self._flying or self._waiting):
                return

    def _settle(self, batch: list[Answered]) -> None:
        try:
            rest = self._database.run(lambda db: settle_accepted(db, batch, now=business_now(db)))
        except Overtaken:
            rest = batch
        except Exception:
            log.exception("accepted calls could not be settled together", answers=len(batch))
            rest = batch
        if rest:
            self._settle_rest(rest)

    def _settle_rest(self, rest: list[Answered]) -> None:
        try:
            self._database.run(lambda db: settle(db, rest, self._settings, now=business_now(db)))
        except Exception:  # one that cannot be stored, whatever it is, must not take the others with it
            log.exception("answers could not be settled together; each is settled alone", answers=len(rest))
            for one in rest:
                self._settle_one(one)

    def _settle_one(self, one: Answered) -> None:
        for pause in pace.DATABASE_AWAY:
            try:
                self._database.run(lambda db: settle(db, [one], self._settings, now=business_now(db)))
            except OperationalError:
                sleep(pause)
            except Exception:
                log.exception("an answer cannot be stored")
                break
            else:
                return
        # Its lease will expire, and evidence will say what became of it.
        log.error("an answer could not be stored", attempt=str(one.call.outgoing.attempt_id))


def _stumbled(error: BaseException) -> Unknown:
    return Unknown(detail=f"{type(error).__name__} in the adapter")
