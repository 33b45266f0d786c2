"""The fixtures keep their promises."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier import clock
from notifier.db import Database


def test_what_the_joined_database_writes_is_seen_by_the_session(db: Session, database: Database) -> None:
    before = clock.business_now(db)

    with database.begin() as session:
        clock.move_to(session, before + timedelta(days=3))

    assert clock.business_now(db) > before + timedelta(days=2)


def test_nothing_of_the_test_before_is_left(db: Session) -> None:
    ahead = clock.business_now(db) - clock.machine_now(db)

    assert ahead < timedelta(minutes=1)


def test_a_live_database_commits_for_other_connections(live_database: Database) -> None:
    with live_database.begin() as session:
        clock.move_to(session, clock.business_now(session) + timedelta(days=3))

    with live_database.engine.connect() as other:
        assert other.execute(text("SELECT count(*) FROM business_clock")).scalar_one() == 1
