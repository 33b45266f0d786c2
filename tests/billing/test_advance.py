"""Time is lived through, instant by instant, whoever moves it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from billing.advance import advance
from billing.calendar import local_day, morning
from billing.emit import emit
from billing.gateways.sandbox import Sandbox, card
from billing.payments.pay import pay
from billing.run import Performed, next_due, perform_due
from billing.seed import seed
from notifier import clock
from notifier.db import Database
from tests.billing.cast import SAO_PAULO, emitted, make_subscription


def nothing(db: Session, after: datetime) -> None:
    """Say that the notifier has nothing of its own to do."""


def begin(database: Database, name: str = "cem", *, days: int = 3, declines: str = "") -> date:
    with database.begin() as db:
        started_on = local_day(clock.business_now(db), SAO_PAULO) + timedelta(days=days)
        make_subscription(db, name, started_on=started_on, declines=declines)
    return started_on


def test_each_instant_is_performed_then_drained_with_the_clock_standing_there(database: Database, db: Session) -> None:
    started_on = begin(database)
    drained: list[tuple[datetime, timedelta, int]] = []

    def drain(at: datetime) -> None:
        drained.append((at, clock.business_now(db) - at, len(emitted(db))))

    to = morning(started_on + timedelta(days=20), SAO_PAULO) + timedelta(hours=1)
    done = advance(database, to, drain=drain, next_notifier_due=nothing)

    assert [(at, count) for at, _, count in drained] == [
        (morning(started_on, SAO_PAULO), 1),
        (morning(started_on + timedelta(days=14), SAO_PAULO), 2),
        (to, 2),
    ]
    assert all(timedelta(0) <= late < timedelta(minutes=1) for _, late, _ in drained)
    assert (done.renewals, done.payments, done.questions) == (1, 1, 1)


def test_the_notifiers_own_due_instants_are_visited_too(database: Database, db: Session) -> None:
    now = clock.business_now(db)
    waits = [now + timedelta(hours=5), now + timedelta(hours=9)]
    drained: list[datetime] = []

    advance(
        database,
        now + timedelta(days=1),
        drain=drained.append,
        next_notifier_due=lambda _, after: min((at for at in waits if at > after), default=None),
    )

    assert drained == [*waits, now + timedelta(days=1)]


def test_a_notifier_that_repeats_itself_does_not_stop_time(database: Database, db: Session) -> None:
    now = clock.business_now(db)
    stuck = now + timedelta(hours=2)
    drained: list[datetime] = []

    advance(database, now + timedelta(days=1), drain=drained.append, next_notifier_due=lambda _, __: stuck)

    assert drained == [stuck, now + timedelta(days=1)]


def test_time_does_not_go_back(database: Database, db: Session) -> None:
    with pytest.raises(clock.ClockGoesForward):
        advance(
            database,
            clock.business_now(db) - timedelta(days=1),
            drain=lambda _: None,
            next_notifier_due=nothing,
        )


def test_progress_is_told_after_each_instant(database: Database) -> None:
    started_on = begin(database)
    told: list[tuple[datetime, Performed]] = []

    advance(
        database,
        morning(started_on, SAO_PAULO),
        drain=lambda _: None,
        next_notifier_due=nothing,
        progress=lambda at, done: told.append((at, done)),
    )

    assert [(at, done.payments) for at, done in told] == [(morning(started_on, SAO_PAULO), 1)]


def test_two_that_advance_at_once_make_one_history(live_database: Database) -> None:
    with live_database.begin() as db:
        seed(db, now=clock.business_now(db), customers=40)
        to = clock.business_now(db) + timedelta(days=10)

    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(advance, live_database, to, drain=lambda _: None, next_notifier_due=nothing) for _ in range(2)
        ]
        done = [run.result() for run in runs]

    with live_database.begin() as db:
        succeeded = db.execute(text("SELECT count(*) FROM billing_payments WHERE reference <> 'seeded'")).scalar_one()
        assert succeeded == sum(one.payments + one.declines for one in done) > 0
        assert min(one.instants for one in done) == 0
        both = text("""
            SELECT count(*) FROM triggers a JOIN triggers b
              ON a.type = 'payment.failed' AND b.type IN ('payment.succeeded', 'payment.recovered')
             AND split_part(a.event_id, ':', 2) = split_part(b.event_id, ':', 2)
             AND split_part(a.event_id, ':', 3) = split_part(b.event_id, ':', 3)
        """)
        assert db.execute(both).scalar_one() == 0


def test_two_that_perform_the_same_instant_charge_once(live_database: Database) -> None:
    with live_database.begin() as db:
        now = datetime(2026, 3, 1, tzinfo=UTC)
        for name in ("cem", "dia", "ana"):
            make_subscription(db, name, started_on=date(2026, 1, 31), declines="insufficient-funds", times=1)

    def perform(_: int) -> Performed:
        return live_database.run(lambda db: perform_due(db, now=now))

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(perform, range(4)))

    assert sorted(one.instants for one in done)[:3] == [0, 0, 0]
    with live_database.begin() as db:
        assert len(emitted(db, "payment.recovered")) == 3
        assert len(emitted(db, "payment.failed")) == 6
        assert next_due(db) is not None


def test_a_customer_who_pays_at_the_instant_of_the_retry_is_charged_once(live_database: Database) -> None:
    names = [f"c{number}" for number in range(8)]
    with live_database.begin() as db:
        for name in names:
            make_subscription(db, name, started_on=date(2026, 1, 31), declines="insufficient-funds", times=1)
        perform_due(db, now=datetime(2026, 2, 1, tzinfo=UTC))
    retry = datetime(2026, 2, 3, 20, tzinfo=UTC)

    def by_hand(name: str) -> int:
        def work(db: Session) -> int:
            paid = pay(db, Sandbox(), f"inv_{name}_20260131", card=card("Visa", "1881"), attempt=2, at=retry)
            return emit(db, paid, now=retry)

        return live_database.run(work)

    with ThreadPoolExecutor(4) as pool:
        tick = pool.submit(live_database.run, lambda db: perform_due(db, now=retry))
        paid = list(pool.map(by_hand, names))

    with live_database.begin() as db:
        approved = db.execute(text("SELECT count(*) FROM billing_payments WHERE status = 'approved'")).scalar_one()
        assert approved == len(emitted(db, "payment.recovered")) == len(names)
        assert tick.result().payments + sum(paid) == len(names)
