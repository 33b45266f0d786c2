"""What a worker process runs: the pipeline's actors, the listener for bells, the tick, and billing's due work."""

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta

import dramatiq
import structlog
from dramatiq.brokers.stub import StubBroker

from billing import run as billing
from notifier import broker, clock, pipeline, publish, tick, timekeeper
from notifier.demo import life
from notifier.demo.orphan import follow_parent
from notifier.house import House
from notifier.sending.ways import breaker
from notifier.settings import Settings

log = structlog.get_logger()

THREADS = len(broker.LANES) + 2
TICK = timedelta(seconds=1)
WATCH = timedelta(seconds=5)
"""How often senders are asked whether their reports still come."""
BILLING = timedelta(seconds=5)
"""How often billing looks whether anything has come due by itself."""
NICE = 5
"""On a machine they share, the web process and PostgreSQL go first: people and providers wait for those."""
JOINED_WITHIN = 5.0
"""Seconds a worker that stops waits for what it does by the clock, once its calls are settled."""


def serve(settings: Settings, *, stopped: threading.Event | None = None) -> None:
    """Run one worker until SIGTERM or SIGINT; claims in hand are finished or handed back before it returns."""
    stopped = stopped or _stopped_by_signal()
    if settings.demo:
        follow_parent()
    with House(settings, may_create=True) as house:
        os.nice(NICE)  # not before: a server this process starts would stand back with it
        channels = sorted(house.providers.channels)  # what is set up wrongly stops the start, not the first message
        if settings.owns_database:
            publish.publish(house)
        house.library.compile()
        workers = dramatiq.Worker(house.broker, worker_threads=THREADS, worker_timeout=_timeout(house.broker))
        pipeline.declare(house.broker, house)
        workers.start()
        threads = [_thread("tick", lambda: _repeat(lambda: _tick(house), TICK, stopped))]
        threads.append(_thread("watch", lambda: _repeat(lambda: _watch(house), WATCH, stopped)))
        threads.append(_thread("billing", lambda: _repeat(lambda: _bill(house), BILLING, stopped)))
        if isinstance(house.broker, StubBroker):
            ring = broker.through_dramatiq(house.broker)
            threads.append(_thread("listener", lambda: broker.listen(house.url, ring, stopped)))
        if settings.demo:
            threads.append(_thread("timekeeper", lambda: _repeat(lambda: _keep_time(house, stopped), TICK, stopped)))
        _collect_less()
        log.info("worker ready", pid=os.getpid(), broker=type(house.broker).__name__, channels=channels)
        stopped.wait()
        house.stopping.set()
        workers.stop()
        for thread in threads:
            thread.join(timeout=JOINED_WITHIN)


def _timeout(bells: dramatiq.Broker) -> int:
    """
    Return the milliseconds after which threads that wait for a bell look up: how late they hear that they shall stop.

    There are twenty. In process a bell wakes them; Redis is asked as often as they look up.
    """
    return 500 if isinstance(bells, StubBroker) else 100


def _collect_less() -> None:
    """
    Leave what was imported out of every later garbage collection, and collect only after a set's worth of objects: rows
    come and go by reference counts, and looking for cycles among them again and again took a fifth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def serve_many(processes: int) -> None:
    """Run several workers as child processes and restart any that dies, until told to stop."""
    stopped = _stopped_by_signal()
    children: list[subprocess.Popen[bytes]] = []
    while not stopped.is_set():
        children = [child for child in children if child.poll() is None]
        while len(children) < processes:
            children.append(subprocess.Popen([sys.executable, "-m", "notifier", "worker"]))
        stopped.wait(0.5)
    for child in children:
        child.terminate()
    for child in children:
        child.wait()


def _tick(house: House) -> None:
    tick.tick(house.database)


def _watch(house: House) -> None:
    house.database.run(lambda db: breaker.watch(db, house.providers))


def _bill(house: House) -> None:
    house.database.run(lambda db: billing.perform_due(db, now=clock.business_now(db)))


def _keep_time(house: House, stopped: threading.Event) -> None:
    life.rise(house)
    timekeeper.keep(house, stopped)


def _thread(called: str, work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, name=called, daemon=True)
    thread.start()
    return thread


def _repeat(work: Callable[[], object], every: timedelta, stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            work()
        except Exception:
            log.exception("repeated work failed; it is tried again")
        stopped.wait(every.total_seconds())


def _stopped_by_signal() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped
