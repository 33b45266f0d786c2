"""Everything that can be done to the product while it works, each at a moment of the dice's choosing."""

import random
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from notifier.clock import business_now, move_to
from notifier.db import Database
from tests.faults.bells import Doorbell
from tests.faults.cut import Wire
from tests.faults.house import House
from tests.faults.server import Server

KILLS = {"worker": 34, "tick": 8, "web": 5, "database": 6, "bell": 7}
"""Of every 60, how many processes of a kind are killed."""
TROUBLES = {"wire": 8, "clock": 6, "disk": 2}
"""What is done beside every 60 kills."""
DOORS = {"web", "database", "disk"}
"""Without them no callback can be kept."""
MOVED = timedelta(minutes=90)
"""Business time gone at the end, in steps: less than a journey waits before it tries the next channel."""

AT_WORK = 0.75
"""Share of workers that are let begin their work before they are killed; the others may be at their start."""

_CLAIMED = text("SELECT EXISTS (SELECT FROM attempts WHERE state = 'calling' AND claimed_by LIKE :name)")


class Strikes:
    """A shuffled deck of blows, and the hands that deal them."""

    def __init__(
        self, house: House, server: Server, bell: Doorbell, wire: Wire, database: Database, *, kills: int,
        dice: random.Random,
    ) -> None:  # fmt: skip
        self._house, self._server, self._redis, self._line, self._ledger = house, server, bell, wire, database
        self._dice = dice
        self._deck = [kind for kind, many in (KILLS | TROUBLES).items() for _ in range(round(many * kills / 60))]
        dice.shuffle(self._deck)
        self._step = MOVED / max(1, self._deck.count("clock"))
        self._doors_rest = 0.0
        self._workers = [house.start("worker", **self._waking(number)) for number in range(3)]
        self.dealt: Counter[str] = Counter()
        self.outages: dict[str, float] = {}
        """The longest of each door, in seconds."""

    @property
    def kills(self) -> int:
        return sum(many for kind, many in self.dealt.items() if kind in KILLS)

    def __str__(self) -> str:
        return ", ".join(f"{kind} {many}" for kind, many in sorted(self.dealt.items()))

    def deal(self) -> None:
        """Deal the whole deck."""
        hands = {kind: getattr(self, f"_{kind}") for kind in KILLS | TROUBLES}
        while self._deck:
            time.sleep(self._dice.uniform(0.1, 2))
            kind = self._draw()
            began = time.monotonic()
            hands[kind]()
            self._note(kind, time.monotonic() - began)
            self.dealt[kind] += 1

    def _draw(self) -> str:
        """
        Take the next card; a door only when callbacks that found one shut have had time to come again.

        The sandbox repeats a callback with doubling pauses: one that fell into an outage comes within twice its length.
        """
        is_resting = time.monotonic() < self._doors_rest
        place = next((n for n, kind in enumerate(self._deck) if not (is_resting and kind in DOORS)), None)
        if place is None:
            time.sleep(max(0.0, self._doors_rest - time.monotonic()))
            place = 0
        return self._deck.pop(place)

    def _worker(self) -> None:
        number = self._dice.randrange(len(self._workers))
        if self._dice.random() < AT_WORK:
            self._until_it_claims(self._workers[number].pid)
        self._workers[number].kill()
        self._workers[number].wait()
        self._workers[number] = self._house.start("worker", **self._waking(number))

    def _until_it_claims(self, pid: int) -> None:
        end = time.monotonic() + 6
        while time.monotonic() < end:
            with suppress(SQLAlchemyError), self._ledger.begin() as db:
                if db.execute(_CLAIMED, {"name": f"%:{pid}"}).scalar_one():
                    return
            time.sleep(0.05)

    def _waking(self, number: int) -> dict[str, str]:
        """One worker is woken by PostgreSQL, the others by the broker."""
        return {} if number else {"BROKER_URL": ""}

    def _tick(self) -> None:
        ticking = self._house.start("tick")
        time.sleep(self._dice.uniform(0, 2))
        ticking.kill()
        ticking.wait()

    def _web(self) -> None:
        self._house.web.kill()
        self._house.web.wait()
        self._house.open_web()

    def _database(self) -> None:
        blow = self._dice.choice([self._server.kill, self._server.stop_at_once, self._kill_a_backend])
        blow()
        time.sleep(self._dice.uniform(0, 1))
        self._server.revive()

    def _kill_a_backend(self) -> None:
        self._server.kill_a_backend(self._dice)

    def _disk(self) -> None:
        self._server.fill_up()
        time.sleep(self._dice.uniform(1, 3))
        self._server.make_room()
        self._server.revive()

    def _bell(self) -> None:
        self._dice.choice([self._redis.kill, self._redis.stop])()
        time.sleep(self._dice.uniform(0, 2))
        self._redis.revive()

    def _wire(self) -> None:
        if self._dice.random() < 0.5:
            self._line.cut_all()
            return
        self._line.delay = self._dice.uniform(0.5, 3)
        time.sleep(self._dice.uniform(1, 3))
        self._line.delay = 0.0

    def _clock(self) -> None:
        with suppress(SQLAlchemyError), self._ledger.begin() as db:  # the database is just recovering: it stays
            move_to(db, business_now(db) + self._step)

    def _note(self, kind: str, seconds: float) -> None:
        if kind in DOORS:
            self.outages[kind] = max(self.outages.get(kind, 0.0), seconds)
            self._doors_rest = time.monotonic() + seconds + 1
