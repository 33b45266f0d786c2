"""Workers are told to stop, ticks come in threes, doorbells fall silent: nothing is unknown, nothing is done twice."""

import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from notifier.clock import business_now, move_to
from notifier.db import Database
from tests.faults.bells import Doorbell, rabbitmq, redis
from tests.faults.house import House, opened, wait
from tests.faults.test_kill import compare, plant, rows, settle

pytestmark = pytest.mark.fault

MANY = 500
LATENCY = {"latency_ms": 300}
HALF = "customer_id ~ '[02468]$' RETURNING message_id"
"""Comes due only when the broker is back: a bell must be heard for it."""
PATIENCE = 5
"""Seconds a worker may take to finish what it has begun."""


def taken(house: House) -> int:
    return sum(house.received().values())


def stop(process: subprocess.Popen[bytes]) -> float:
    """Send SIGTERM; return the seconds it took, and insist on a clean end."""
    told = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    return time.monotonic() - told


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_worker_told_to_stop_finishes_what_it_has_begun(
    live_database: Database, tmp_path: Path, processes: str
) -> None:
    plant(live_database, MANY, "sms", "email")
    with opened(live_database.url, tmp_path) as house:
        house.ask("PUT", "/api/faults", LATENCY)

        worker = house.start("worker", "--processes", processes)
        wait(lambda: taken(house) > 100, seconds=60, what="the middle of the work")
        seconds = stop(worker)

        assert taken(house) < MANY, "it was not stopped in the middle of its work"
        assert rows(live_database, "SELECT DISTINCT state FROM attempts WHERE state IN ('calling', 'unknown')") == []
        assert seconds < PATIENCE
        house.start("worker")
        settle(live_database, seconds=60)
        compare(house, live_database, MANY)
        assert rows(live_database, "SELECT id FROM attempts WHERE evidence_until IS NOT NULL") == []


def test_three_ticks_at_once_do_nothing_twice(live_database: Database, tmp_path: Path) -> None:
    plant(live_database, 240, "sms", "email")
    with opened(live_database.url, tmp_path) as house:
        house.ask("PUT", "/api/faults", LATENCY)
        house.start("worker")
        house.start("worker")

        for _ in range(3):
            ticks = [house.start("tick") for _ in range(3)]
            assert [tick.wait(60) for tick in ticks] == [0, 0, 0]
        settle(live_database, seconds=60)

        compare(house, live_database, 240)
        assert rows(live_database, "SELECT id FROM attempts WHERE number > 1") == []


@pytest.mark.parametrize("start", [redis, rabbitmq])
def test_a_doorbell_stopped_under_load_costs_time_and_nothing_else(
    live_database: Database, tmp_path: Path, start: Callable[[Path], AbstractContextManager[Doorbell]]
) -> None:
    plant(live_database, MANY, "sms", "email")
    rows(live_database, "UPDATE due_messages SET due_at = due_at + interval '3 hours' WHERE " + HALF)
    with start(tmp_path) as bell, opened(live_database.url, tmp_path, BROKER_URL=bell.url) as house:
        house.ask("PUT", "/api/faults", LATENCY)
        house.start("worker")
        house.start("worker")

        for many, how in ((20, bell.stop), (100, bell.kill)):
            wait(lambda: taken(house) > many, seconds=60, what="work to be under way")  # noqa: B023 - called at once
            how()
            time.sleep(1)
            bell.revive()
        with live_database.begin() as db:
            move_to(db, business_now(db) + timedelta(hours=3))
        settle(live_database, seconds=60)

        compare(house, live_database, MANY)
        assert rows(live_database, "SELECT id FROM attempts WHERE number > 1 OR evidence_until IS NOT NULL") == []
