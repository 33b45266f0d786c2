"""Seconds from a trigger's acceptance to the provider, one by one, on idle workers and behind a pile of bulk."""

import time
from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text

from notifier.bench import feed, place
from notifier.bench.figures import whole
from notifier.db import Database
from notifier.house import House

EVERY = 0.05
"""Seconds between two triggers."""

_ATTEMPTS = text("""
    SELECT a.id, t.received_at FROM attempts a JOIN messages m ON m.id = a.message_id
    JOIN triggers t ON t.id = m.trigger_id WHERE m.trigger_id > :after
""")


class Latency(Struct, frozen=True, kw_only=True):
    """Seconds, of `many` triggers."""

    many: int
    p50: float
    p95: float
    worst: float
    bulk: int = 0
    """Bulk triggers handed in just before."""


def measure(
    house: House, sink_url: str, environ: dict[str, str], *, workers: int, raws: Sequence[bytes],
    bulk: Sequence[bytes] = (),
) -> Latency:  # fmt: skip
    """Hand in the bulk all at once, then the others one by one; their messages are the ones that count."""
    database = house.database
    with place.children([["worker"]] * workers, environ):
        whole.wait_for(database, workers)
        whole.forget(sink_url)
        for batch in feed.batches(bulk):
            whole.hand_in(database, batch)
        after, newest = whole.last_trigger(database), whole.last_attempt(database)
        for raw in raws:
            whole.hand_in(database, [raw])
            time.sleep(EVERY)
        _wait_for_all(database, after, newest)
        taken = dict(whole.taken(sink_url))
        with database.begin() as db:
            begun = {row.id: row.received_at.timestamp() for row in db.execute(_ATTEMPTS, {"after": after})}
    seconds = sorted(at - begun[ident] for ident, at in taken.items() if ident in begun)
    if not seconds:
        raise whole.Stuck("None of the triggers led to a message.")
    return Latency(
        many=len(seconds), bulk=len(bulk), p50=seconds[len(seconds) // 2], p95=seconds[len(seconds) * 95 // 100],
        worst=seconds[-1],
    )  # fmt: skip


def _wait_for_all(database: Database, after: int, newest: UUID) -> None:
    open_ones = text("""
        SELECT EXISTS (SELECT FROM pending_triggers WHERE trigger_id > :after)
            OR EXISTS (SELECT FROM due_messages d JOIN messages m ON m.id = d.message_id WHERE m.trigger_id > :after)
            OR EXISTS (SELECT FROM attempts a JOIN messages m ON m.id = a.message_id
                       WHERE a.id > :newest AND a.state IN ('calling', 'unknown') AND m.trigger_id > :after)
    """)
    end = time.perf_counter() + whole.LONGEST
    while time.perf_counter() < end:
        with database.begin() as db:
            if not db.execute(open_ones, {"after": after, "newest": newest}).scalar_one():
                return
        time.sleep(0.05)
    raise whole.Stuck("The triggers did not all reach the sink.")
