"""What keeps failing is set aside with its reason, spoils nobody else's day, and can be replayed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from notifier.db import Database
from notifier.history.timeline import timeline
from notifier.journeys import advance, replay
from notifier.journeys.steps import SendEffect
from notifier.messages.draft import Draft
from tests.support.happenings import drain, happening, publish_journeys, take, write_all

_OF_A_VERSION_THAT_IS_GONE = text("""
    INSERT INTO runs (journey, version, customer_id, incident, generation, trigger_id, state, position, ends_on, tries,
                      error, decisions, started_at, end_reason)
    SELECT 'gone', 7, 'bad', 'x', 1, id, 'open', '{}', '{}', 0, '', '[]', now(), ''
    FROM triggers WHERE customer_id = 'bad'
""")

_CUSTOMERS = text("SELECT customer_id FROM triggers")


def test_a_poisonous_trigger_fails_alone_and_is_handled_when_replayed(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, *(happening("payment.failed", at=now, customer=name) for name in ("good", "bad", "fine")), now=now)
    db.execute(_OF_A_VERSION_THAT_IS_GONE)

    drain(db, now=now)

    assert states(db) == {"good": "done", "bad": "failed", "fine": "done"}
    assert "KeyError" in db.execute(text("SELECT max(error) FROM handled_triggers")).scalar_one()

    db.execute(text("DELETE FROM runs WHERE journey = 'gone'"))
    replay.replay_trigger(db, _id(db, "bad"), now=now)
    drain(db, now=now)

    assert states(db) == {"good": "done", "bad": "done", "fine": "done"}
    assert reasons(db, "bad") == ["replayed", "journey-started"]


def test_a_message_that_cannot_be_planned_fails_alone_with_its_trigger(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, *(happening("payment.failed", at=now, customer=name) for name in ("good", "bad", "fine")), now=now)

    def plan_all_but_one(effects: list[SendEffect]) -> list[Draft]:
        if any(effect.run.customer_id == "bad" for effect in effects):
            raise ValueError("no hour is decent in Atlantis")
        planned.extend(effect.run.customer_id for effect in effects)
        return []

    planned: list[str] = []
    while advance.triggers(db, limit=10, now=now, plan=plan_all_but_one, store=write_all(db)).many:
        pass

    assert states(db) == {"good": "done", "bad": "failed", "fine": "done"}
    assert set(planned) == {"good", "fine"}
    assert db.execute(text("SELECT count(*) FROM runs WHERE customer_id = 'bad'")).scalar_one() == 0


def test_a_database_that_is_away_is_no_fault_of_a_trigger(live_database: Database, now: datetime) -> None:
    with live_database.begin() as db:
        publish_journeys(db)
        take(db, happening("payment.failed", at=now), happening("payment.failed", at=now, customer="cus_2"), now=now)

    def cut(db: Session) -> int:
        end = text("SELECT pg_terminate_backend(pg_backend_pid())")
        return advance.triggers(db, limit=10, now=now, plan=lambda _: db.execute(end) and [], store=write_all(db)).many

    with pytest.raises(OperationalError):
        live_database.run(cut)

    with live_database.begin() as db:
        assert states(db) == {"cus_1": "pending", "cus_2": "pending"}
        assert db.execute(text("SELECT DISTINCT tries FROM pending_triggers")).scalars().all() == [0]


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


def test_a_run_that_was_set_aside_ends_like_any_other_and_its_messages_with_it(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.failed", at=now), now=now)
    drain(db, now=now)
    db.execute(text("UPDATE runs SET state = 'failed'"))

    take(db, happening("payment.recovered", at=now + timedelta(minutes=1)), now=now + timedelta(minutes=1))
    drain(db, now=now + timedelta(minutes=1))

    assert db.execute(text("SELECT state, due_at FROM runs")).one() == ("ended", None)
    assert db.execute(text("SELECT DISTINCT state FROM messages")).scalars().all() == ["cancelled"]


def test_only_what_is_set_aside_can_be_replayed(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.failed", at=now), now=now)
    drain(db, now=now)

    with pytest.raises(replay.NotSetAside):
        replay.replay_trigger(db, _id(db, "cus_1"), now=now)
    with pytest.raises(replay.NotSetAside):
        replay.replay_run(db, 999_999, now=now)


def states(db: Session) -> dict[str, str]:
    return {customer: entry(db, customer)["state"] for customer in db.execute(_CUSTOMERS).scalars()}


def reasons(db: Session, customer: str) -> list[str]:
    return [decision["reason"] for decision in entry(db, customer)["decisions"]]


def entry(db: Session, customer: str) -> dict[str, Any]:
    """Return what the timeline shows of the customer's only trigger."""
    [facts] = [entry.facts for entry in timeline(db, customer).entries if entry.kind == "trigger"]
    return facts


def _id(db: Session, customer: str) -> int:
    return int(db.execute(text("SELECT id FROM triggers WHERE customer_id = :id"), {"id": customer}).scalar_one())
