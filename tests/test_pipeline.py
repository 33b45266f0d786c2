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
from notifier.providers.contract import Inbound
from notifier.providers.outbox import Outbox
from notifier.providers.registry import Providers
from notifier.rendering.library import Library
from notifier.settings import Settings
from notifier.tracking.keep import keep
from tests.support.happenings import happening, publish_journeys, take
from tests.tracking.support import FakeProvider, inbound, queue, status

T = TypeVar("T")

_DONE = text("SELECT type, count(*) FROM triggers JOIN handled_triggers ON trigger_id = id GROUP BY 1")


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
        done = dict(db.execute(_DONE).all())
    assert done["loyalty.bonus_granted"] == 150  # in two sets
    assert len(done) > 1


def test_texts_are_taken_in_turns_with_a_flood_of_reports(live_database: Database, now: datetime) -> None:
    with live_database.begin() as db:
        begin_at(db, now)
        keep(db, [status([]) for _ in range(2 * pipeline.SET)])
        said = Inbound(event_id="IN1", channel="sms", sender="+5511961234567", recipient="+1", text="hello")
        keep(db, [inbound([said])])
    sets = Sets(live_database)
    house = SimpleNamespace(
        database=sets, stopping=Event(), providers=SimpleNamespace(by_name={"twilio": FakeProvider()})
    )

    pipeline.run(cast("House", house), "hooks")

    assert sets.texts == [0, 1, 1, 1]  # after the first set of reports
    with live_database.begin() as db:
        assert set(queue(db)) == {"done"}


class Sets:
    """A database that tells how many texts had been taken after every set."""

    def __init__(self, database: Database) -> None:
        self.texts: list[int] = []
        self._database = database

    def run(self, work: Callable[[Session], T]) -> T:
        done = self._database.run(work)
        with self._database.begin() as db:
            self.texts.append(db.execute(text("SELECT count(*) FROM replies")).scalar_one())
        return done
