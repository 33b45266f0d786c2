"""
The doorbell: how a committed transaction wakes the workers that have something to do.

A bell carries a lane's name and nothing else; losing one costs a second at most, because `tick` rings for whatever is
due. Bells of one process are coalesced: a lane is rung at most once in 50 ms.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import dramatiq
import psycopg
import structlog
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AgeLimit

from notifier.errors import Misconfigured

log = structlog.get_logger()

#: Queues, in the order of the journey; an actor of the same name stands in `pipeline`.
LANES = ("triggers", "runs", "transactional", "bulk", "hooks", "unknown")

CHANNEL = "notifier_bells"
COALESCED = timedelta(milliseconds=50)
STALE = timedelta(seconds=5)
"""A bell older than this rings nobody: `tick` has rung again."""


def connect(url: str) -> dramatiq.Broker:
    """
    Return the Dramatiq broker for a URL: in-process when empty, else `redis://` or `amqp://`.

    A bell is never retried (there is no `Retries` middleware): the rows it was rung for are still due at the next tick.
    Nor is there a `TimeLimit`: what a bell starts goes on while there is work, and interrupting it would make unknowns.

    Raises:
        Misconfigured: the URL is of another kind.
    """
    middleware: list[dramatiq.Middleware] = [AgeLimit(max_age=int(STALE.total_seconds() * 1000))]
    scheme = url.partition("://")[0]
    made: dramatiq.Broker
    if not url:
        made = StubBroker(middleware=middleware)
    elif scheme in {"redis", "rediss"}:
        from dramatiq.brokers.redis import RedisBroker  # imported when used: 40 MB a process that needs neither saves

        made = RedisBroker(url=url, middleware=middleware, namespace="notifier")
    elif scheme in {"amqp", "amqps"}:
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        made = RabbitmqBroker(url=url, middleware=middleware, confirm_delivery=False)
    else:
        raise Misconfigured(f"NOTIFIER_BROKER_URL must be redis:// or amqp://, not {scheme}://.")
    for lane in LANES:
        made.declare_queue(lane)
    return made


class Bell:
    """Rings lanes after commit, from a thread of its own, so that no transaction waits for a bell."""

    def __init__(self, ring: Callable[[str], None], *, hang_up: Callable[[], None] | None = None) -> None:
        """`ring` reaches the workers; when it fails the bell is lost and logged, never raised."""
        self._ring = ring
        self._hang_up = hang_up or (lambda: None)
        self._wanted: set[str] = set()
        self._changed = threading.Condition()
        self._is_open = True
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
        self._thread.start()

    def __call__(self, lane: str) -> None:
        """Ask for a lane to be rung soon."""
        with self._changed:
            self._wanted.add(lane)
            self._changed.notify()

    def close(self) -> None:
        """Ring what is still wanted and stop."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._wanted and self._is_open:
                    self._changed.wait()
                lanes, self._wanted = self._wanted, set()
                is_open = self._is_open
            for lane in lanes:
                try:
                    self._ring(lane)
                except Exception as error:  # noqa: BLE001 - whatever is wrong with the bell, `tick` rings again
                    log.warning("bell lost", lane=lane, error=str(error))
            if not is_open:
                self._hang_up()
                return
            time.sleep(COALESCED.total_seconds())


class ThroughPostgres:
    """Wakes every listening worker by NOTIFY, on a connection of its own."""

    def __init__(self, url: str) -> None:
        """Connect when first rung, and again when the connection is lost."""
        self._url = url
        self._connection: psycopg.Connection | None = None

    def __call__(self, lane: str) -> None:
        """Ring a lane; raises `psycopg.Error` when the database is away."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._url, autocommit=True, application_name="notifier bell")
        self._connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, lane))

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()


def through_dramatiq(broker: dramatiq.Broker) -> Callable[[str], None]:
    """Return a `ring` that enqueues the lane's actor, which the worker processes declare."""

    def ring(lane: str) -> None:
        broker.enqueue(dramatiq.Message(queue_name=lane, actor_name=lane, args=(), kwargs={}, options={}))

    return ring


def listen(url: str, ring: Callable[[str], None], stopped: threading.Event) -> None:
    """Hand every NOTIFYed lane to `ring` until `stopped`; reconnects for ever: bells lost meanwhile do no harm."""
    while not stopped.is_set():
        with suppress(psycopg.Error):
            with psycopg.connect(url, autocommit=True, application_name="notifier listener") as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                while not stopped.is_set():
                    for notice in connection.notifies(timeout=0.5):
                        ring(notice.payload)
        stopped.wait(0.5)
