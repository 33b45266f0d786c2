"""Bells: whatever carries them, a committed lane's actor is called; a lost bell is never an error."""

import threading
import time
from datetime import timedelta

import dramatiq
import pytest

from notifier import broker
from notifier.broker import Bell, ThroughPostgres, connect, listen, through_dramatiq
from notifier.db import Database, ring
from notifier.errors import Misconfigured
from tests.support.listening import require


def heard(seen: threading.Event) -> bool:
    return seen.wait(10)


@pytest.mark.parametrize(
    ("url", "port"), [("", 0), ("redis://127.0.0.1:6379/9", 6379), ("amqp://guest:guest@127.0.0.1:5672", 5672)]
)
def test_a_bell_calls_the_actor_of_its_lane(url: str, port: int) -> None:
    if port:
        require(url.partition("://")[0], port)
    called = threading.Event()
    made = connect(url)
    dramatiq.actor(called.set, broker=made, actor_name="triggers", queue_name="triggers")
    worker = dramatiq.Worker(made, worker_threads=2, worker_timeout=50)
    worker.start()

    bell = Bell(through_dramatiq(made))
    bell("triggers")

    assert heard(called)
    bell.close()
    worker.stop()
    made.close()


def test_postgres_wakes_other_processes(live_database: Database) -> None:
    lanes: list[str] = []
    called, stopped = threading.Event(), threading.Event()

    def hear(lane: str) -> None:
        lanes.append(lane)
        called.set()

    listener = threading.Thread(target=listen, args=(live_database.url, hear, stopped))
    listener.start()
    notify = ThroughPostgres(live_database.url)
    live_database.bell = Bell(notify, hang_up=notify.close)
    for _ in range(100):  # until it listens
        with live_database.begin() as db:
            ring(db, "bulk")
        if called.wait(0.1):
            break

    assert set(lanes) == {"bulk"}
    stopped.set()
    listener.join()
    live_database.bell.close()


def test_bells_of_one_process_are_coalesced() -> None:
    rung: list[str] = []
    bell = Bell(rung.append)

    for _ in range(500):
        bell("transactional")
    time.sleep(broker.COALESCED / timedelta(seconds=1) * 3)
    bell.close()

    assert 1 <= len(rung) <= 3


def test_a_bell_that_cannot_be_rung_is_lost_and_nothing_else() -> None:
    tried = threading.Event()

    def ring_nobody(lane: str) -> None:
        tried.set()
        raise ConnectionError("the broker is away")

    bell = Bell(ring_nobody)
    bell("triggers")

    assert heard(tried)
    bell("triggers")
    bell.close()


def test_an_unknown_kind_of_broker_is_named() -> None:
    with pytest.raises(Misconfigured, match="kafka://"):
        connect("kafka://127.0.0.1")
