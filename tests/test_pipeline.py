"""What the actors do in turn."""

from collections.abc import Callable
from datetime import datetime
from threading import Event
from types import SimpleNamespace
from typing import TypeVar, cast

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier import pipeline
from notifier.clock import begin_at
from notifier.db import Database
from notifier.house import House
from notifier.i18n.shipped import directory
from notifier.providers.outbox import Outbox
from notifier.providers.registry import Providers
from notifier.rendering.library import Library
from notifier.settings import Settings
from tests.support.happenings import happening, publish_journeys, take

T = TypeVar("T")


class Trickle:
    """A database where another customer's payment fails before every set, until `stopping` is set after some sets."""

    def __init__(self, database: Database, now: datetime, sets: int) -> None:
        self.stopping = Event()
        self._database, self._now, self._left = database, now, sets

    def run(self, work: Callable[[Session], T]) -> T:
        self._left -= 1
        if not self._left:
            self.stopping.set()
        with self._database.begin() as db:
            take(db, happening("payment.failed", at=self._now, customer=f"urgent_{self._left}"), now=self._now)
        return self._database.run(work)


def test_bulk_triggers_go_on_beside_a_trickle_of_urgent_ones(live_database: Database, now: datetime) -> None:
    with live_database.begin() as db:
        publish_journeys(db)
        begin_at(db, now)
        take(db, *(happening("loyalty.bonus_granted", at=now, customer=f"cus_{n}") for n in range(150)), now=now)
    trickle = Trickle(live_database, now, sets=12)
    house = SimpleNamespace(
        database=trickle, settings=Settings(secret_key="s" * 32), stopping=trickle.stopping,
        providers=Providers([Outbox()]), library=Library.load(directory("templates")),
    )  # fmt: skip

    pipeline.run(cast("House", house), "triggers")

    with live_database.begin() as db:
        done = dict(db.execute(text("SELECT lane, count(*) FROM triggers WHERE state = 'done' GROUP BY 1")).all())
    assert done["bulk"] == 150  # in two sets
    assert done["transactional"] > 0
