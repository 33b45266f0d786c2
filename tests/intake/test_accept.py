"""Each trigger is taken once, whoever sends it, however often, in whatever company."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from msgspec import structs
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.customers.snapshot import Snapshot, upsert
from notifier.db import Database
from notifier.intake.accept import accept
from notifier.intake.events import Event, read
from tests.support.happenings import happening, take


def test_a_batch_is_taken_with_its_duplicates_told_apart(db: Session, now: datetime) -> None:
    one, other = happening("payment.failed", at=now, ident="a"), happening("invoice.upcoming", at=now, ident="b")
    take(db, one, now=now)

    results = take(db, one, other, other, now=now)

    assert [(result.id, result.status) for result in results] == [
        ("a", "duplicate"),
        ("b", "accepted"),
        ("b", "duplicate"),
    ]
    assert db.info["bells"] == {"triggers"}


def test_a_duplicate_changes_nothing_not_even_the_customer(db: Session, now: datetime) -> None:
    take(db, happening("payment.failed", at=now, ident="a", name="Ana"), now=now)

    take(db, happening("payment.failed", at=now + timedelta(minutes=1), ident="a", name="Bia"), now=now)

    assert db.execute(text("SELECT name FROM customers")).scalar_one() == "Ana"


def test_the_same_id_from_another_source_is_another_event(db: Session, now: datetime) -> None:
    one = happening("payment.failed", at=now, ident="a")

    results = take(db, one, {**one, "source": "elsewhere"}, now=now)

    assert [result.status for result in results] == ["accepted", "accepted"]


def test_an_event_from_the_future_is_refused_and_its_neighbours_are_taken(db: Session, now: datetime) -> None:
    late, ahead = happening("payment.failed", at=now), happening("payment.failed", at=now + timedelta(hours=1))

    results = take(db, ahead, late, now=now)

    assert [result.status for result in results] == ["refused", "accepted"]
    assert "future" in results[0].errors["time"]


def test_an_event_without_a_time_happens_now(db: Session, now: datetime) -> None:
    take(db, {**happening("payment.failed", at=now), "time": None}, now=now)

    assert db.execute(text("SELECT time FROM triggers")).scalar_one() == now


def test_one_poisonous_event_fails_alone(db: Session, now: datetime) -> None:
    events = [read(happening("payment.failed", at=now, customer=name)) for name in ("good", "bad", "fine")]
    good, bad, fine = (event for event in events if isinstance(event, Event))
    poisoned = Event(**{name: getattr(bad, name) for name in Event.__struct_fields__} | {"data": b'{"x": '})

    results = accept(db, [good, poisoned, fine], now=now)

    assert [result.status for result in results] == ["accepted", "refused", "accepted"]
    assert db.execute(text("SELECT array_agg(id ORDER BY id) FROM customers")).scalar_one() == ["fine", "good"]


def test_the_second_of_a_pair_whose_first_was_refused_is_no_duplicate(db: Session, now: datetime) -> None:
    good = read(happening("payment.failed", at=now))
    assert isinstance(good, Event)
    poisoned = structs.replace(good, data=b'{"x": ')

    results = accept(db, [poisoned, good], now=now)

    assert [result.status for result in results] == ["refused", "refused"]
    assert db.execute(text("SELECT count(*) FROM triggers")).scalar_one() == 0


def test_a_trigger_from_a_clock_that_is_ahead_does_not_keep_later_news_out(db: Session, now: datetime) -> None:
    take(db, happening("payment.failed", at=now + timedelta(minutes=4), name="Ana"), now=now)

    upsert(db, [Snapshot(id="cus_1", as_of=now + timedelta(seconds=1), name="Bia")])

    assert db.execute(text("SELECT name FROM customers")).scalar_one() == "Bia"


def test_events_of_one_time_keep_the_order_they_were_sent_in(db: Session, now: datetime) -> None:
    take(db, *(happening("payment.failed", at=now, ident=name) for name in "zyx"), now=now)

    assert db.execute(text("SELECT array_agg(event_id ORDER BY id) FROM triggers")).scalar_one() == ["z", "y", "x"]


def test_one_event_accepted_a_hundred_times_at_once_is_one_trigger(live_database: Database, now: datetime) -> None:
    event = happening("payment.failed", at=now)

    def once(_: int) -> str:
        return live_database.run(lambda db: take(db, event, now=now))[0].status

    with ThreadPoolExecutor(10) as clients:
        statuses = list(clients.map(once, range(100)))

    assert sorted(statuses) == ["accepted"] + ["duplicate"] * 99
    with live_database.begin() as db:
        assert db.execute(text("SELECT count(*) FROM triggers")).scalar_one() == 1


def test_what_is_in_no_hurry_and_comes_later_holds_up_nothing_urgent(db: Session, now: datetime) -> None:
    take(db, happening("payment.failed", at=now), now=now)
    older = happening("loyalty.bonus_granted", at=now - timedelta(minutes=5))

    take(db, older, happening("loyalty.bonus_granted", at=now, customer="cus_2"), now=now)

    asked = (
        "SELECT t.type, t.customer_id, p.lane FROM triggers t JOIN pending_triggers p ON trigger_id = id ORDER BY id"
    )
    found = db.execute(text(asked)).all()
    assert found == [
        ("payment.failed", "cus_1", "transactional"),
        ("loyalty.bonus_granted", "cus_1", "transactional"),
        ("loyalty.bonus_granted", "cus_2", "bulk"),
    ]
