"""What keeps failing is set aside with its reason, spoils nobody else's day, and can be replayed."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.journeys import replay
from tests.support.happenings import drain, happening, publish_journeys, take

_OF_A_VERSION_THAT_IS_GONE = text("""
    INSERT INTO runs (journey, version, customer_id, incident, generation, trigger_id, state, position, ends_on, tries,
                      error, decisions, started_at, end_reason)
    SELECT 'gone', 7, 'bad', 'x', 1, id, 'open', '{}', '{}', 0, '', '[]', now(), ''
    FROM triggers WHERE customer_id = 'bad'
""")


def test_a_poisonous_trigger_fails_alone_and_is_handled_when_replayed(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, *(happening("payment.failed", at=now, customer=name) for name in ("good", "bad", "fine")), now=now)
    db.execute(_OF_A_VERSION_THAT_IS_GONE)

    drain(db, now=now)

    states = dict(db.execute(text("SELECT customer_id, state FROM triggers")).all())
    error = db.execute(text("SELECT error FROM triggers WHERE customer_id = 'bad'")).scalar_one()
    assert states == {"good": "done", "bad": "failed", "fine": "done"}
    assert "KeyError" in error

    db.execute(text("DELETE FROM runs WHERE journey = 'gone'"))
    replay.replay_trigger(db, _id(db, "bad"), now=now)
    drain(db, now=now)

    assert db.execute(text("SELECT state FROM triggers WHERE customer_id = 'bad'")).scalar_one() == "done"


def test_a_run_that_keeps_failing_is_set_aside_and_goes_on_when_replayed(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.failed", at=now, customer="good"), happening("payment.failed", at=now), now=now)
    drain(db, now=now)
    kept = db.execute(text("SELECT position::text FROM runs WHERE customer_id = 'cus_1'")).scalar_one()
    db.execute(text("UPDATE runs SET position = '{}' WHERE customer_id = 'cus_1'"))

    drain(db, now=now + timedelta(days=1))

    states = dict(db.execute(text("SELECT customer_id, state FROM runs")).all())
    assert states == {"cus_1": "failed", "good": "open"}

    db.execute(text("UPDATE runs SET position = CAST(:kept AS jsonb) WHERE customer_id = 'cus_1'"), {"kept": kept})
    run = db.execute(text("SELECT id FROM runs WHERE customer_id = 'cus_1'")).scalar_one()
    replay.replay_run(db, run, now=now)
    drain(db, now=now + timedelta(days=1))

    assert db.execute(text("SELECT state FROM runs WHERE customer_id = 'cus_1'")).scalar_one() == "open"


def test_a_run_whose_end_came_while_it_was_set_aside_ends_when_replayed(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.failed", at=now), now=now)
    drain(db, now=now)
    db.execute(text("UPDATE runs SET state = 'failed'"))
    take(db, happening("payment.recovered", at=now + timedelta(minutes=1)), now=now + timedelta(minutes=1))
    drain(db, now=now + timedelta(minutes=1))

    replay.replay_run(db, db.execute(text("SELECT id FROM runs")).scalar_one(), now=now + timedelta(minutes=2))

    assert db.execute(text("SELECT state, due_at FROM runs")).one() == ("ended", None)


def test_only_what_is_set_aside_can_be_replayed(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.failed", at=now), now=now)
    drain(db, now=now)

    with pytest.raises(replay.NotSetAside):
        replay.replay_trigger(db, _id(db, "cus_1"), now=now)
    with pytest.raises(replay.NotSetAside):
        replay.replay_run(db, 999_999, now=now)


def _id(db: Session, customer: str) -> int:
    return int(db.execute(text("SELECT id FROM triggers WHERE customer_id = :id"), {"id": customer}).scalar_one())
