"""Who is told again as they were described costs nothing, and still the newest word stands."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from time import sleep
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.customers.snapshot import Snapshot, upsert
from notifier.db import Database
from tests.support.happenings import happening, take

_SOMEBODY_WAITS = text("""
    SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = CAST(pg_current_xact_id() AS xid))
""")
numbers = count()


def told(now: datetime, minute: int, **said: Any) -> dict[str, Any]:
    return happening("payment.failed", at=now + timedelta(minutes=minute), ident=f"told-{next(numbers)}", **said)


def name(db: Session) -> str:
    return str(db.execute(text("SELECT name FROM customers WHERE id = 'cus_1'")).scalar_one())


def test_a_customer_who_is_told_again_in_the_same_words_is_left_as_they_are(db: Session, now: datetime) -> None:
    words = {"locale": "pt-BR", "country": "BR", "phone": "(11) 96123-4567"}  # not as they are stored
    take(db, told(now, -2, **words), now=now)
    before = db.execute(text("SELECT ctid, * FROM customers")).one()

    take(db, told(now, -1, **words), told(now, 0, **words), now=now)

    assert db.execute(text("SELECT ctid, * FROM customers")).one() == before


def test_news_from_before_a_trigger_that_said_nothing_new_come_too_late(db: Session, now: datetime) -> None:
    take(db, told(now, -9, name="Ana"), now=now)
    take(db, told(now, -1, name="Ana"), now=now)

    take(db, told(now, -5, name="Bia"), now=now)

    assert name(db) == "Ana"


def test_a_trigger_dated_ahead_keeps_no_news_out_that_come_after_it(db: Session, now: datetime) -> None:
    take(db, told(now, -9, name="Ana"), told(now, 4, name="Ana"), now=now)
    db.execute(text("UPDATE triggers SET received_at = :now"), {"now": now})

    take(db, told(now, 2, name="Bia"), now=now + timedelta(minutes=3))

    assert name(db) == "Bia"


def test_the_newest_of_one_batch_stands_though_it_says_nothing_new(db: Session, now: datetime) -> None:
    take(db, told(now, -9, name="Ana"), now=now)

    take(db, told(now, -1, name="Ana"), told(now, -5, name="Bia"), now=now)

    assert name(db) == "Ana"


def test_a_call_is_newer_than_every_trigger_before_it_and_older_than_those_that_follow(
    db: Session, now: datetime
) -> None:
    take(db, told(now, -9, name="Ana"), told(now, 4, name="Ana"), now=now)

    upsert(db, [Snapshot(id="cus_1", as_of=now + timedelta(minutes=1), name="Bia")])
    called = name(db)
    take(db, told(now, 2, name="Ana"), now=now + timedelta(minutes=5))

    assert called == "Bia"
    assert name(db) == "Bia"  # at the fourth minute it was still Ana, and the second is no news of the call
    take(db, told(now, 5, name="Ana"), now=now + timedelta(minutes=5))
    assert name(db) == "Ana"


def test_a_call_that_says_nothing_new_does_not_make_the_next_trigger_news(db: Session, now: datetime) -> None:
    take(db, told(now, -9, name="Ana"), now=now)
    upsert(db, [Snapshot(id="cus_1", as_of=now, name="Ana")])
    before = db.execute(text("SELECT ctid, * FROM customers")).one()

    take(db, told(now, 1, name="Ana"), now=now + timedelta(minutes=1))

    assert db.execute(text("SELECT ctid, * FROM customers")).one() == before


def test_what_could_not_be_read_is_read_again(db: Session, now: datetime) -> None:
    take(db, told(now, -1, timezone="Mars/Base"), told(now, -1, customer="cus_2"), now=now)

    found = db.execute(text("SELECT id, described_by IS NULL AS is_open FROM customers ORDER BY id")).all()
    assert found == [("cus_1", True), ("cus_2", False)]


words = st.fixed_dictionaries({}, optional={field: st.sampled_from(["A", "B", None]) for field in ("name", "phone")})
story = st.lists(st.lists(st.tuples(st.integers(-9, 0), words), min_size=1, max_size=3), min_size=1, max_size=4)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story)
def test_the_newest_word_of_every_field_stands_whatever_comes_in_which_batch(
    db: Session, now: datetime, story: list[list[tuple[int, dict[str, str | None]]]]
) -> None:
    db.execute(text("DELETE FROM customers"))
    db.execute(text("DELETE FROM triggers"))
    newest, stands = -10, {"name": ""}
    for batch in story:
        said = {"locale": None, "timezone": None, "country": None, "email": None}
        events = [told(now, minute, **said, **words) for minute, words in batch]
        for event, (_, words) in zip(events, batch, strict=True):
            customer = event["data"]["customer"]
            event["data"]["customer"] = {
                field: value for field, value in customer.items() if field in {"id", *said, *words}
            }
        take(db, *events, now=now)
        for minute, words in sorted(batch, key=lambda one: one[0]):
            if minute >= newest:
                stands |= {field: value or "" for field, value in words.items() if field == "name"}
        newest = max(newest, *(minute for minute, _ in batch))

    assert name(db) == stands["name"]


def test_news_that_waited_for_a_newer_trigger_see_it(live_database: Database, now: datetime) -> None:
    live_database.run(lambda db: take(db, told(now, -9, name="Ana"), now=now))

    with ThreadPoolExecutor(1) as other:
        with live_database.begin() as db:
            take(db, told(now, -1, name="Ana"), now=now)
            late = other.submit(live_database.run, lambda db: take(db, told(now, -5, name="Bia"), now=now))
            while not db.execute(_SOMEBODY_WAITS).scalar_one():
                sleep(0.01)
        late.result(timeout=10)

    with live_database.begin() as db:
        assert name(db) == "Ana"
