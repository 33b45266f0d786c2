"""Kill the worker in the middle of its work: the sandbox's own record is compared with the ledger."""

import random
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from notifier.clock import business_now, move_to
from notifier.db import Database
from tests.faults.cut import cutting
from tests.faults.house import House, opened, states, wait
from tests.sending.stage import due

pytestmark = pytest.mark.fault

MANY = 2000
ENDS = {"sent", "delivered"}


def plant(database: Database, many: int, *channels: str) -> None:
    """Make messages due at a decent hour: Wednesday, 15:00 UTC."""
    with database.begin() as db:
        start = business_now(db)
        move_to(db, (start + timedelta(days=(2 - start.weekday()) % 7 or 7)).replace(hour=15, minute=0))
        due(db, many, now=business_now(db), channels=channels)


def is_over(database: Database) -> bool:
    return set(states(database)) <= ENDS


def rows(database: Database, sql: str) -> list[Any]:
    with database.begin() as db:
        return list(db.execute(text(sql)).all())


def settle(database: Database, *, seconds: float) -> None:
    """Wait until every message came to an end; say what did not, and why."""
    try:
        wait(lambda: is_over(database), seconds=seconds, what="every message to come to an end")
    except AssertionError:
        left = (
            "SELECT m.state, m.channel, m.reason, a.state, a.reason, a.detail, count(*) FROM messages m "
            "LEFT JOIN attempts a ON a.message_id = m.id WHERE m.state NOT IN ('sent', 'delivered') "
            "GROUP BY 1, 2, 3, 4, 5, 6"
        )
        pytest.fail("\n".join(map(str, rows(database, left))))


def compare(house: House, database: Database, many: int) -> None:
    """Nothing lost, nothing twice: every message was taken exactly once, and the ledger names the taken attempt."""
    taken = house.ask("GET", "/api/messages?limit=100000")
    assert len({(one["channel"], one["to"]) for one in taken}) == many
    assert len(taken) == many
    refs = {one["provider_id"].partition(".")[0] for one in taken}
    known = {row.ref for row in rows(database, "SELECT ref FROM attempts WHERE ref IS NOT NULL")}
    assert refs == known


def test_workers_killed_at_any_moment_lose_nothing_and_repeat_nothing(live_database: Database, tmp_path: Path) -> None:
    moments = sorted(random.sample(range(5, 85), 3))
    print(f"killed when so many in a hundred were taken: {moments}")
    plant(live_database, MANY, "sms", "whatsapp", "email")
    with opened(live_database.url, tmp_path) as house:
        house.ask("PUT", "/api/faults", {"latency_ms": 60})

        workers = [house.start("worker"), house.start("worker")]
        for moment in moments:
            wait(lambda: sum(house.received().values()) >= MANY * moment / 100, seconds=90, what="calls")  # noqa: B023 - called at once
            time.sleep(random.random() / 5)
            killed = workers.pop(0)
            killed.kill()
            killed.wait()
            workers.append(house.start("worker"))
        settle(live_database, seconds=150)

        compare(house, live_database, MANY)


@pytest.mark.parametrize("fault", ["accept_then_5xx", "accept_then_hang"])
def test_an_answer_lost_after_acceptance_is_found_and_not_repeated(
    live_database: Database, tmp_path: Path, fault: str
) -> None:
    plant(live_database, 90, "sms", "whatsapp", "email")
    with opened(live_database.url, tmp_path) as house:
        house.ask("PUT", "/api/faults", {fault: 0.3, "hang_seconds": 9})

        house.start("worker")
        settle(live_database, seconds=120)

        compare(house, live_database, 90)


def test_being_told_to_slow_down_and_being_refused_lose_nothing(live_database: Database, tmp_path: Path) -> None:
    plant(live_database, 120, "sms", "email")
    with opened(live_database.url, tmp_path) as house:
        house.ask("PUT", "/api/faults", {"rate_429": 0.1, "retry_after": 1})

        house.start("worker")
        settle(live_database, seconds=120)

        compare(house, live_database, 120)


def test_a_connection_cut_before_or_after_acceptance_loses_nothing_and_repeats_nothing(
    live_database: Database, tmp_path: Path
) -> None:
    plant(live_database, 150, "sms", "email")
    with opened(live_database.url, tmp_path) as house, cutting(house.sandbox_port, requests=0.2, answers=0.2) as cut:
        url, wire = cut
        house.environ |= {"NOTIFIER_TWILIO_API_URL": url, "NOTIFIER_SENDGRID_API_URL": url}

        house.start("worker")
        settle(live_database, seconds=120)

        assert wire.cut_requests
        assert wire.cut_answers
        compare(house, live_database, 150)
