"""From trigger to provider, and to the settled row: real workers, a real database, the sink's own record compared."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct
from sqlalchemy import text

from notifier import clock, publish
from notifier.bench import feed, place
from notifier.bench.figures import cost
from notifier.bench.figures.cost import Spent
from notifier.customers import snapshot
from notifier.db import Database, in_index_order
from notifier.errors import NotifierError
from notifier.house import House
from notifier.intake.accept import accept
from notifier.intake.events import Event, read
from notifier.providers.transport import Answer, Transport
from notifier.sending import loop
from notifier.settings import load

LONGEST = 1800.0
"""Seconds after which a run is given up."""
_LONGEST_RECORD = 1 << 30
"""Bytes of the sink's record, which has a line for each message."""

_OPEN = text("""
    SELECT EXISTS (SELECT FROM pending_triggers) OR EXISTS (SELECT FROM due_messages)
        OR EXISTS (SELECT FROM pending_hooks)
        OR (:reported AND EXISTS (SELECT FROM messages WHERE id > :newest AND state = 'sent'))
        OR EXISTS (SELECT FROM attempts WHERE id > :newest AND state IN ('calling', 'unknown'))
        OR EXISTS (SELECT FROM runs WHERE state = 'open' AND due_at <= :now)
""")
_LEDGER = text("SELECT a.id, a.message_id FROM attempts a WHERE a.claimed_at >= :since")
_SENT = text("""
    SELECT m.channel, count(*) AS many FROM messages m JOIN triggers t ON t.id = m.trigger_id
    WHERE m.state IN ('sent', 'delivered') AND t.id > :after GROUP BY 1
""")
_ENDED = text("SELECT max(settled_at) FROM attempts WHERE id > :newest")
_ASKED = text("SELECT count(*) FROM messages WHERE state <> 'skipped' AND trigger_id > :after")


class Stuck(NotifierError):
    """The run did not come to an end."""


class Whole(Struct, frozen=True, kw_only=True):
    """What a run came to."""

    workers: int
    after: int
    """Its triggers have higher ids."""
    triggers: int
    messages: int
    seconds: float
    """From the first trigger handed in to the last message settled, or reported on; by the database's clock."""
    by_channel: dict[str, int]
    lost: int
    doubled: int
    cpu: Spent
    memory_mb: float

    @property
    def per_second(self) -> float:
        return self.messages / self.seconds if self.seconds else 0.0


def prepare(environ: dict[str, str]) -> House:
    """Bring the database up to date, publish what is shipped, and set the business clock to a decent hour."""
    house = House(load(environ))
    publish.publish(house)
    with house.database.begin() as db:
        now = clock.business_now(db)
        noon = now.replace(hour=14, minute=0, second=0, microsecond=0)
        clock.begin_at(db, noon if noon > now else noon + timedelta(days=1))
    return house


def settle_in(database: Database, many: int, *, first: int = 0, kinds: Sequence[str] = feed.TYPES) -> list[bytes]:
    """Make the customers known, half of them not on WhatsApp; return the triggers to come."""
    with database.begin() as db:
        now = clock.business_now(db)
    raws = list(feed.triggers(many, at=now, first=first, kinds=kinds))
    for batch in feed.batches(raws):
        # Known for an hour: no trigger to come is older than what is known, or says anything new.
        people = [event.snapshot(now - timedelta(hours=1)) for raw in batch if isinstance(event := read(raw), Event)]
        database.run(lambda db: snapshot.upsert(db, people))  # noqa: B023 - runs at once
    with database.begin() as db:
        db.execute(text(feed.OFF_WHATSAPP))
    _vacuum(database.url)
    return raws


def run(
    house: House, sink_url: str, environ: dict[str, str], *, workers: int, raws: Sequence[bytes],
    with_callbacks: bool = False,
) -> Whole:  # fmt: skip
    """
    Hand the triggers in while `workers` processes work, and wait until everything is settled.

    `with_callbacks`: the sink reports on every message, and the run ends when every report has been applied.
    """
    database = house.database
    forget(sink_url)
    after, newest = last_trigger(database), last_attempt(database)
    with database.begin() as db:
        since = clock.machine_now(db)
    with place.children([["worker"]] * workers, environ) as started:
        pids = [process.pid for process in started]
        wait_for(database, workers)
        before = cost.spent(database, pids)
        with database.begin() as db:
            begun = clock.machine_now(db)
        for batch in feed.batches(raws):
            hand_in(database, batch)
        end = time.perf_counter() + LONGEST
        while _is_open(database, newest, reported=with_callbacks):
            if time.perf_counter() > end:
                raise Stuck(f"After {LONGEST:.0f} s the run is not over.")
            time.sleep(0.1)
        cpu, memory = cost.spent(database, pids).since(before), cost.memory(pids)
    with database.begin() as db:
        ended = db.execute(_ENDED, {"newest": newest}).scalar_one() or begun
        by_channel = {row.channel: row.many for row in db.execute(_SENT, {"after": after})}
        asked = db.execute(_ASKED, {"after": after}).scalar_one()
        ledger = {row.id: row.message_id for row in db.execute(_LEDGER, {"since": since})}
    lost, doubled = compare([attempt for attempt, _ in taken(sink_url)], ledger, asked)
    return Whole(
        workers=workers,
        after=after,
        triggers=len(raws),
        messages=sum(by_channel.values()),
        seconds=(ended - begun).total_seconds(),
        by_channel=by_channel,
        lost=lost,
        doubled=doubled,
        cpu=cpu,
        memory_mb=memory,
    )


def compare(taken: Sequence[UUID], ledger: dict[UUID, UUID], asked: int) -> tuple[int, int]:
    """Return how many of the `asked` messages the sink never had, and how many calls it had beyond one a message."""
    messages = [ledger.get(attempt, attempt) for attempt in taken]
    return asked - len(set(messages)), len(messages) - len(set(messages))


def hand_in(database: Database, batch: Sequence[bytes]) -> None:
    """Accept triggers as the web process would."""
    events = [event for raw in batch if isinstance(event := read(raw), Event)]
    database.run(lambda db: accept(db, events, now=clock.business_now(db)))


def _is_open(database: Database, newest: UUID, *, reported: bool) -> bool:
    with database.begin() as db:
        given = {"now": clock.business_now(db), "newest": newest, "reported": reported}
        with in_index_order(db):  # asked many times a second, and counted with the server's time
            return bool(db.execute(_OPEN, given).scalar_one())


def wait_for(database: Database, workers: int) -> None:
    """Wait until so many workers listen."""
    listening = text("""
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'notifier listener'
    """)
    end = time.perf_counter() + 60
    while time.perf_counter() < end:
        with database.begin() as db:
            if db.execute(listening).scalar_one() >= workers:
                return
        time.sleep(0.05)
    raise Stuck("The workers did not start within a minute.")


def _vacuum(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def taken(sink_url: str) -> list[tuple[UUID, float]]:
    """Return the attempts the sink took, in order, and when (UNIX seconds)."""
    lines = (line.split() for line in _ask(f"{sink_url}/taken").decode().splitlines())
    return [(UUID(hex=attempt), float(at)) for attempt, at in lines]


def forget(sink_url: str) -> None:
    """Let the sink begin its record anew."""
    _ask(f"{sink_url}/taken", "DELETE")


def last_trigger(database: Database) -> int:
    """Return the id of the newest trigger."""
    with database.begin() as db:
        return int(db.execute(text("SELECT coalesce(max(id), 0) FROM triggers")).scalar_one())


def last_attempt(database: Database) -> UUID:
    """Return the id of the newest attempt: what is made from now on, UUIDv7 as well, is found above it."""
    with database.begin() as db:
        return db.scalar(text("SELECT id FROM attempts ORDER BY id DESC LIMIT 1")) or UUID(int=0)


def _ask(url: str, method: str = "GET") -> bytes:
    async def ask() -> Any:
        transport = Transport(largest=_LONGEST_RECORD)
        try:
            return await transport.call(method, url, headers={})
        finally:
            await transport.close()

    answer = loop.run(ask())
    if not isinstance(answer, Answer):
        raise Stuck(f"The sink does not answer: {answer.detail}")
    return answer.body
