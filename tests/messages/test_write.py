"""Storing drafts: each becomes a message once, whoever else stores it."""

import threading
import time
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import Database
from notifier.messages.draft import new_ids
from notifier.messages.write import write
from tests.messages.test_outcomes import make_draft

_IS_WAITED_FOR = text("""
    SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = CAST(pg_current_xact_id() AS xid))
""")


def test_what_is_known_is_passed_over_and_the_rest_stored(db: Session, now: datetime) -> None:
    write(db, [make_draft(now, step="first")])

    made = write(db, [make_draft(now, step=step) for step in ("first", "second", "third")])

    assert len(made) == 2
    assert _steps(db) == ["first", "second", "third"]
    assert db.scalar(text("SELECT count(*) FROM message_keys k JOIN messages m ON m.id = k.message_id")) == 3


def test_of_two_writers_at_once_the_second_passes_over_what_the_first_has_stored(
    live_database: Database, now: datetime
) -> None:
    done: list[int] = []

    def second() -> None:
        with live_database.begin() as db:
            done.append(len(write(db, [make_draft(now, step=step) for step in ("c", "b", "a")])))

    with live_database.begin() as db:
        write(db, [make_draft(now, step=step) for step in ("a", "b")])
        other = threading.Thread(target=second)
        other.start()
        _wait_for_us(db)
    other.join()

    assert done == [1]
    with live_database.begin() as db:
        assert _steps(db) == ["a", "b", "c"]


def test_what_the_first_writer_gives_up_the_second_stores(live_database: Database, now: datetime) -> None:
    done: list[int] = []

    def second() -> None:
        with live_database.begin() as db:
            done.append(len(write(db, [make_draft(now)])))

    with live_database.begin() as db:
        write(db, [make_draft(now)])
        other = threading.Thread(target=second)
        other.start()
        _wait_for_us(db)
        db.rollback()
    other.join()

    assert done == [1]


def test_ids_rise() -> None:
    ids = new_ids(1000)

    assert ids == sorted(set(ids))
    assert {one.version for one in ids} == {7}


def _wait_for_us(db: Session) -> None:
    while not db.scalar(_IS_WAITED_FOR):
        time.sleep(0.01)


def _steps(db: Session) -> list[str]:
    return list(db.execute(text("SELECT step FROM messages ORDER BY step")).scalars())
