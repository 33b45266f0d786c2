"""The queue of triggers: claimed by one, given back when that one fails, and found by its keys whatever lies in it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from time import sleep
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import Database, rows
from notifier.journeys import advance, pending, replay
from notifier.planning.plan import planning
from notifier.tick import due
from tests.support.happenings import happening, publish_journeys, take, write_all

MANY, SET, EACH = 3000, 50, 6
"""Triggers that are pending, those of a set, and rows a set may read of a table for each."""

_PLACES = text("""
    SELECT (SELECT count(*) FROM pending_triggers WHERE trigger_id = t.id),
           (SELECT count(*) FROM handled_triggers WHERE trigger_id = t.id), count(*)
    FROM triggers t GROUP BY 1, 2 ORDER BY 1, 2
""")
_FILL = text("""
    WITH t AS (
        INSERT INTO triggers (source, event_id, type, version, customer_id, time, data)
        SELECT 'test', n, type, version, 'cus_' || n, :now, data
        FROM generate_series(1, :many) n, (SELECT * FROM triggers LIMIT 1) AS one RETURNING *
    )
    INSERT INTO pending_triggers (customer_id, time, trigger_id, lane)
    SELECT customer_id, time, id, 'transactional' FROM t
""")
_READ = text("""
    SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) AS many FROM pg_stat_xact_user_tables
    WHERE relname IN ('triggers', 'pending_triggers', 'handled_triggers', 'runs')
""")


def test_one_that_fails_waits_again_in_its_lane_until_it_has_failed_too_often(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("loyalty.bonus_granted", at=now), happening("payment.failed", at=now, customer="good"), now=now)

    tried = [turn(db, now, fails="cus_1") for _ in range(pending.TRIES + 2)]

    assert tried == [1] + [1] * pending.TRIES + [0]
    assert places(db) == [(0, 1, 2)]
    [failed] = db.execute(text("SELECT trigger_id FROM handled_triggers WHERE error LIKE 'ValueError%'")).scalars()

    replay.replay_trigger(db, failed, now=now)

    assert places(db) == [(0, 1, 1), (1, 0, 1)]
    assert db.execute(text("SELECT lane, tries FROM pending_triggers")).one() == ("bulk", 0)


def test_one_that_failed_keeps_its_lane_and_what_was_decided_of_it(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("loyalty.bonus_granted", at=now), now=now)
    turn(db, now, fails="cus_1")
    assert db.execute(text("SELECT lane, tries FROM pending_triggers")).one() == ("bulk", 1)

    while turn(db, now, fails="cus_1"):
        pass
    [ident] = db.execute(text("SELECT trigger_id FROM handled_triggers")).scalars()
    replay.replay_trigger(db, ident, now=now)
    while turn(db, now, fails="cus_1"):
        pass

    [decisions] = db.execute(text("SELECT decisions FROM handled_triggers WHERE error <> ''")).scalars()
    assert [one["verdict"] for one in decisions] == ["replayed"]


def test_one_that_is_replayed_holds_up_none_that_is_urgent(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("loyalty.bonus_granted", at=now - timedelta(hours=1)), now=now)
    while turn(db, now, fails="cus_1"):
        pass
    take(db, happening("payment.failed", at=now), now=now)

    replay.replay_trigger(db, db.execute(text("SELECT trigger_id FROM handled_triggers")).scalar_one(), now=now)

    assert db.execute(text("SELECT lane FROM pending_triggers")).scalars().all() == ["transactional"] * 2


def test_one_that_is_changed_while_it_is_claimed_is_nobodys_this_time(live_database: Database, now: datetime) -> None:
    with live_database.begin() as db:
        publish_journeys(db)
        take(db, happening("payment.failed", at=now), now=now)
        # What a claim does between looking and locking, slowed down.
        db.execute(text(
            "CREATE FUNCTION slow(interval) RETURNS boolean LANGUAGE plpgsql VOLATILE AS "
            "'BEGIN PERFORM pg_sleep(extract(epoch FROM $1)); RETURN true; END'"
        ))  # fmt: skip
    slowed = pending._CLAIM.replace("p.tries >= 0", "p.tries >= 0 AND slow('0.5 s')")

    def claimed() -> list[Any]:
        with live_database.begin() as db:
            return rows(db, slowed, {"lane": "transactional", "limit": 10})

    with ThreadPoolExecutor(1) as threads:
        claim = threads.submit(claimed)
        sleep(0.2)
        live_database.run(lambda db: db.execute(text("UPDATE pending_triggers SET tries = 1")))
        [found] = claim.result()

    assert not found.is_mine
    assert live_database.run(places) == [(1, 0, 1)]


def test_whatever_an_error_says_it_can_be_kept(db: Session, now: datetime) -> None:
    publish_journeys(db)
    take(db, happening("payment.failed", at=now), now=now)

    while turn(db, now, fails="cus_1", says="a\0b \ud800"):
        pass

    assert db.execute(text("SELECT error FROM handled_triggers")).scalar_one() == "ValueError: ab ?"


def test_what_is_claimed_is_pending_again_when_its_transaction_fails(live_database: Database, now: datetime) -> None:
    with live_database.begin() as db:
        take(db, happening("payment.failed", at=now), now=now)

    with live_database.begin() as db:
        assert len(pending.claim(db, "transactional", limit=10)) == 1
        assert due(db) == []
        db.rollback()

    with live_database.begin() as db:
        assert due(db) == ["triggers"]
        assert places(db) == [(1, 0, 1)]


def test_a_customer_somebody_else_has_is_left_alone(live_database: Database, now: datetime) -> None:
    with live_database.begin() as db:
        publish_journeys(db)
        take(db, *(happening("payment.failed", at=now, customer=name) for name in ("his", "mine")), now=now)

    with live_database.begin() as other, live_database.begin() as db:
        other.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('his', 1))"))

        assert turn(db, now) == 1

        assert db.info["bells"] >= {"triggers"}
        assert places(db) == [(0, 1, 1), (1, 0, 1)]
        assert db.execute(text("SELECT customer_id FROM pending_triggers")).scalars().all() == ["his"]


def test_statistics_of_a_quiet_hour_make_nobody_read_the_whole_queue(live_database: Database, now: datetime) -> None:
    with live_database.begin() as db:
        publish_journeys(db)
        for table in ("triggers", "pending_triggers", "handled_triggers", "runs"):
            db.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = off)"))
    for number in range(16):  # often enough for the driver, and then the server, to keep a plan
        live_database.run(lambda db, n=number: take(db, happening("payment.failed", at=now, customer=f"{n}"), now=now))
        live_database.run(lambda db: turn(db, now))
    with live_database.begin() as db:
        db.execute(text("ANALYZE triggers, pending_triggers, handled_triggers"))
        db.execute(_FILL, {"now": now, "many": MANY})

    later = now + timedelta(days=1)
    new = [happening("loyalty.bonus_granted", at=now, customer=f"cus_{n}") for n in range(1, SET + 1)]

    assert excess(live_database, lambda db: take(db, *new, now=now)) == {}
    assert excess(live_database, lambda db: turn(db, now, limit=SET)) == {}
    assert excess(live_database, lambda db: advance.due(db, limit=SET, now=later, plan=planning(db, now=later))) == {}


def turn(
    db: Session, now: datetime, *, limit: int = 10, fails: str = "", says: str = "what nobody has thought of"
) -> int:
    def store(drafts: list[Any], triggers: Any) -> None:
        if any(trigger.customer_id == fails for trigger in triggers):
            raise ValueError(says)
        write_all(db)(drafts, triggers)

    return advance.triggers(db, limit=limit, now=now, plan=planning(db, now=now), store=store).many


def places(db: Session) -> list[tuple[int, ...]]:
    """Return in how many rows of the two tables triggers have, and how many do."""
    return [tuple(row) for row in db.execute(_PLACES)]


def excess(database: Database, work: Any) -> dict[str, int]:
    with database.begin() as db:
        db.execute(text("SELECT pg_stat_force_next_flush()"))
    with database.begin() as db:
        work(db)
        return {row.relname: row.many for row in db.execute(_READ) if row.many > SET * EACH}
