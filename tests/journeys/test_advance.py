"""Triggers become runs and messages: in order, once, and with a reason when not."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import Database
from notifier.journeys import advance
from notifier.planning.plan import planning
from tests.support.happenings import drain, happening, publish_journeys, take, write_all


def messages(db: Session, *states: str) -> list[tuple[str, str, str]]:
    rows = db.execute(
        text("SELECT journey, step, channel FROM messages WHERE state = ANY(:states) ORDER BY 1, 2, 3"),
        {"states": list(states or ("planned",))},
    )
    return [(row.journey, row.step, row.channel) for row in rows]


def decided(db: Session) -> list[tuple[str, str]]:
    rows = db.execute(
        text("SELECT type, decisions FROM triggers JOIN handled_triggers ON trigger_id = id ORDER BY time, id")
    )
    return [(row.type, one["reason"]) for row in rows for one in row.decisions]


def runs(db: Session) -> list[tuple[str, str]]:
    return [(row.journey, row.state) for row in db.execute(text("SELECT journey, state FROM runs ORDER BY id"))]


def test_each_of_the_five_triggers_reaches_email_and_a_phone_at_once(db: Session, now: datetime) -> None:
    publish_journeys(db)
    five = (
        "invoice.upcoming",
        "payment.failed",
        "subscription.canceled",
        "feedback.requested",
        "loyalty.bonus_granted",
    )
    take(db, *(happening(kind, at=now, customer=kind) for kind in five), now=now)

    drain(db, now=now)

    due = db.execute(
        text("SELECT customer_id, channel FROM messages WHERE state = 'planned' AND due_at <= :now"), {"now": now}
    )
    assert sorted(map(tuple, due)) == sorted((kind, channel) for kind in five for channel in ("email", "whatsapp"))


def test_a_recovery_takes_back_what_was_not_sent(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.failed", at=now), now=now)
    drain(db, now=now)

    take(db, happening("payment.recovered", at=now + timedelta(minutes=1)), now=now + timedelta(minutes=1))
    drain(db, now=now + timedelta(minutes=1))

    assert messages(db) == []
    assert len(messages(db, "cancelled")) == 2
    assert runs(db) == [("payment-failed", "ended")]


def test_a_recovery_after_the_last_step_still_takes_back_what_was_not_sent(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.failed", at=now), now=now)
    for days in (0, 1, 4, 5):
        drain(db, now=now + timedelta(days=days))
    assert ("payment-failed", "again", "email") in messages(db)

    later = now + timedelta(days=5, minutes=1)
    take(db, happening("payment.recovered", at=later), now=later)
    drain(db, now=later)

    assert messages(db) == []


def test_an_end_that_comes_before_its_start_lets_nothing_start(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.recovered", at=now), now=now)
    drain(db, now=now)

    take(db, happening("payment.failed", at=now - timedelta(minutes=5)), now=now)
    drain(db, now=now)

    assert messages(db) == []
    assert decided(db) == [("payment.failed", "already-ended"), ("payment.recovered", "nothing-to-end")]


def test_only_an_end_of_the_same_matter_that_is_no_earlier_lets_nothing_start(db: Session, now: datetime) -> None:
    publish_journeys(db)
    paid = happening("payment.recovered", at=now)
    other = {**paid, "id": "other", "data": {**paid["data"], "invoice": {**paid["data"]["invoice"], "id": "inv_2"}}}
    take(db, happening("payment.recovered", at=now - timedelta(minutes=9)), other, now=now)
    drain(db, now=now)

    take(db, happening("payment.failed", at=now - timedelta(minutes=5)), now=now)
    drain(db, now=now)

    assert runs(db) == [("payment-failed", "open")]


def test_a_journey_published_after_the_end_knows_of_it(db: Session, now: datetime) -> None:
    take(db, happening("payment.recovered", at=now), now=now)
    drain(db, now=now)
    publish_journeys(db)

    take(db, happening("payment.failed", at=now), now=now)
    drain(db, now=now)

    assert runs(db) == []


def test_a_second_start_for_the_same_matter_tells_nothing_twice(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.failed", at=now), happening("payment.failed", at=now, ident="again"), now=now)

    drain(db, now=now)

    assert len(messages(db)) == 2
    assert decided(db) == [("payment.failed", "journey-started"), ("payment.failed", "run-open")]
    facts = db.execute(text("SELECT decisions FROM runs")).scalar_one()
    assert [one["reason"] for one in facts] == ["journey-started", "happened-again"]


def test_a_cancellation_after_a_change_of_mind_is_confirmed_again(db: Session, now: datetime) -> None:
    publish_journeys(db)
    later = now + timedelta(days=30)
    take(db, happening("subscription.canceled", at=now), now=now)
    drain(db, now=now)
    drain(db, now=now + timedelta(days=10))

    take(db, happening("subscription.canceled", at=later), now=later)
    drain(db, now=later)

    found = db.execute(text("SELECT generation, state FROM runs ORDER BY generation")).all()
    assert [tuple(row) for row in found] == [(1, "finished"), (2, "open")]


def test_old_news_starts_nothing(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.failed", at=now - timedelta(days=60)), now=now)

    drain(db, now=now)

    assert (messages(db), runs(db)) == ([], [])
    assert decided(db) == [("payment.failed", "too-old")]


def test_only_the_oldest_pending_trigger_of_a_customer_is_taken(db: Session, now: datetime) -> None:
    publish_journeys(db)
    kinds = ("payment.recovered", "payment.failed", "invoice.upcoming")
    take(db, *(happening(kind, at=now - timedelta(minutes=place)) for place, kind in enumerate(kinds)), now=now)

    taken = [advance.triggers(db, limit=10, now=now, plan=lambda _: [], store=write_all(db)).many for _ in range(4)]

    assert taken == [1, 1, 1, 0]
    assert runs(db) == [("upcoming-charge", "ended"), ("payment-failed", "ended")]


def test_what_is_urgent_is_taken_first_and_not_together_with_what_is_not(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("loyalty.bonus_granted", at=now - timedelta(hours=1), customer="cus_2"), now=now)
    take(db, happening("payment.failed", at=now), now=now)

    taken = [
        advance.triggers(db, limit=10, now=now, plan=planning(db, now=now), store=write_all(db)).many for _ in range(3)
    ]

    assert taken == [1, 1, 0]
    assert [journey for journey, _ in runs(db)] == ["payment-failed", "loyalty-bonus"]


def test_a_skipped_channel_brings_the_next_at_once(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.failed", at=now), now=now)
    db.execute(text("DELETE FROM contact_points WHERE channel = 'whatsapp'"))

    advance.triggers(db, limit=10, now=now, plan=planning(db, now=now), store=write_all(db))

    assert messages(db) == [("payment-failed", "notice", "email"), ("payment-failed", "notice", "sms")]
    assert messages(db, "skipped") == [("payment-failed", "notice", "whatsapp")]


def test_a_running_run_goes_on_with_the_version_it_began_with(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.failed", at=now), now=now)
    drain(db, now=now)
    text_of = "SELECT source FROM journey_versions WHERE journey = 'payment-failed'"
    changed = db.execute(text(text_of)).scalar_one().replace("wait: 3d", "wait: 9d")
    db.execute(
        text(
            "INSERT INTO journey_versions (journey, version, digest, source)"
            " VALUES ('payment-failed', 2, 'new', :source)"
        ),
        {"source": changed},
    )

    take(db, happening("payment.failed", at=now, customer="cus_2"), now=now)
    for days in (0, 1, 5):
        drain(db, now=now + timedelta(days=days))

    again = db.execute(text("SELECT DISTINCT customer_id FROM messages WHERE step = 'again'")).scalars().all()
    assert again == ["cus_1"]


numbers = count()
#: No two of a story at the same instant: among those it is the order of arrival that counts, and it is shuffled here.
SECONDS = {"payment.failed": 0, "payment.recovered": 20, "subscription.canceled": 40}
story = st.lists(
    st.tuples(st.sampled_from(list(SECONDS)), st.integers(0, 3)),
    min_size=1,
    max_size=5,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=story, shuffled=st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_a_customers_triggers_ends_in_the_same_messages(
    db: Session, now: datetime, story: list[tuple[str, int]], shuffled: Any
) -> None:
    publish_journeys(db)
    customers = f"in-order-{next(numbers)}", f"mixed-{next(numbers)}"
    told = sorted(set(story), key=lambda one: (one[1], SECONDS[one[0]]))
    mixed = [*told, *told[:2]]
    shuffled.shuffle(mixed)

    for customer, order in zip(customers, (told, mixed), strict=True):
        for kind, minute in order:
            at = now - timedelta(minutes=9 - minute) + timedelta(seconds=SECONDS[kind])
            take(db, happening(kind, at=at, customer=customer, ident=f"{kind}-{minute}-{customer}"), now=now)
        drain(db, now=now)

    wanted, found = (
        db.execute(
            text(
                "SELECT journey, lane, step, channel FROM messages"
                " WHERE customer_id = :id AND state = 'planned' ORDER BY 1, 2, 3, 4"
            ),
            {"id": customer},
        ).all()
        for customer in customers
    )
    assert wanted == found


def test_several_workers_at_once_make_each_message_once(live_database: Database, now: datetime) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with live_database.begin() as db:
        publish_journeys(db)
        kinds = ("invoice.upcoming", "payment.failed", "payment.recovered")
        for place, kind in enumerate(kinds):
            at = now - timedelta(minutes=10 - place)
            take(db, *(happening(kind, at=at, customer=f"cus_{number}") for number in range(40)), now=now)

    def work(_: int) -> None:
        for _ in range(12):
            live_database.run(lambda db: drain(db, now=now))

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))

    with live_database.begin() as db:
        assert db.execute(text("SELECT error, count(*) FROM handled_triggers GROUP BY 1")).all() == [("", 120)]
        ended = db.execute(text("SELECT journey, state, count(*) FROM runs GROUP BY 1, 2 ORDER BY 1")).all()
        assert [tuple(row) for row in ended] == [("payment-failed", "ended", 40), ("upcoming-charge", "ended", 40)]
        assert messages(db) == []


def test_what_waits_is_not_overtaken_by_a_channel_that_cannot_be_used(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.failed", at=now), now=now)
    drain(db, now=now)
    db.execute(text("DELETE FROM contact_points WHERE channel = 'sms'"))

    drain(db, now=now + timedelta(hours=3))

    assert messages(db, "skipped") == [("payment-failed", "notice", "sms")]
    assert ("payment-failed", "notice", "whatsapp") in messages(db)


def test_a_run_goes_on_although_something_in_bulk_waits_for_its_turn(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.failed", at=now), now=now)
    drain(db, now=now)
    take(db, happening("loyalty.bonus_granted", at=now + timedelta(minutes=1)), now=now + timedelta(minutes=1))

    later = now + timedelta(hours=3)
    assert advance.due(db, limit=10, now=later, plan=planning(db, now=later)) == 1
