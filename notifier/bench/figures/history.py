"""A long history, made by copying what a run left behind into the past; and what reading in it takes."""

import random
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import psycopg
from msgspec import Struct
from psycopg import sql
from sqlalchemy import text

from notifier.bench.place import plain
from notifier.db import Database
from notifier.history.timeline import timeline

READ = 200
"""Timelines read."""

# A UUIDv7 of so many days earlier, with the same random bits.
_EARLIER = """
    CAST(lpad(to_hex(
        CAST(CAST('x' || substr(replace(CAST({id} AS text), '-', ''), 1, 12) AS bit(48)) AS bigint)
        - k * CAST(86400000 AS bigint)
    ), 12, '0') || substr(replace(CAST({id} AS text), '-', ''), 13) AS uuid)
"""
_COPIES: dict[str, dict[str, str]] = {
    "triggers": {
        "id": "id + k * {stride}", "event_id": "event_id || '/' || k", "time": "time - k * interval '1 day'",
        "received_at": "received_at - k * interval '1 day'",
    },
    "handled_triggers": {"trigger_id": "trigger_id + k * {stride}"},
    "runs": {
        "id": "id + k * {stride}", "trigger_id": "trigger_id + k * {stride}", "incident": "incident || '/' || k",
        "state": "'finished'", "due_at": "NULL", "started_at": "started_at - k * interval '1 day'",
        "ended_at": "started_at - k * interval '1 day'",
    },
    "messages": {
        "id": _EARLIER.format(id="id"), "trigger_id": "trigger_id + k * {stride}", "run_id": "run_id + k * {stride}",
        "state": "CASE state WHEN 'sent' THEN 'delivered' ELSE state END",
        **{name: f"{name} - k * interval '1 day'" for name in ("due_at", "expires_at", "created_at", "sent_at")},
    },
    "contents": {"message_id": _EARLIER.format(id="message_id")},
    "attempts": {
        "id": _EARLIER.format(id="id"), "message_id": _EARLIER.format(id="message_id"), "ref": "ref || '/' || k",
        **{name: f"{name} - k * interval '1 day'" for name in ("claimed_at", "settled_at")},
    },
}  # fmt: skip
"""Columns that are not copied as they are; `k` counts the copies."""
_COLUMNS = """
    SELECT CAST(attname AS text) FROM pg_attribute
    WHERE attrelid = CAST(%s AS regclass) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_BEFORE = """
    SELECT coalesce((SELECT max(id) FROM triggers), 0), coalesce((SELECT max(id) FROM runs), 0),
           (SELECT count(*) FROM messages)
"""


Connection = psycopg.Connection[Any]


class Reading(Struct, frozen=True, kw_only=True):
    """Milliseconds for one page of a customer's timeline; `floor` is one row of the customer's by its key."""

    messages: int
    p50_ms: float
    p95_ms: float
    floor_ms: float


def fill(database: Database, many: int) -> int:
    """Copy the rows there are until there are at least `many` messages; return how many there are then."""
    with psycopg.connect(plain(database.url), autocommit=True) as connection:
        last_trigger, last_run, messages = map(int, connection.execute(_BEFORE).fetchone() or (0, 0, 0))
        if not messages:
            return 0
        copies, stride = max(0, -(-many // messages) - 1), max(last_trigger, last_run) + 1
        with connection.transaction():
            connection.execute("SET LOCAL synchronous_commit = off")
            for table, changed in _COPIES.items():
                _copy(connection, table, changed, copies, stride)
            for table in ("triggers", "runs"):
                connection.execute(f"SELECT setval('{table}_id_seq', {stride * (copies + 1)})")
        connection.execute("VACUUM ANALYZE")
        with suppress(psycopg.errors.InsufficientPrivilege):
            connection.execute("CHECKPOINT")  # writing all this to the disk is no part of living with it
    return messages * (copies + 1)


def _copy(connection: Connection, table: str, changed: dict[str, str], copies: int, stride: int) -> None:
    columns = [name for (name,) in connection.execute(_COLUMNS, [table])]
    values = [changed.get(name, f'"{name}"').format(stride=stride) for name in columns]
    copied = sql.SQL("INSERT INTO {table} ({columns}) SELECT {values} FROM {table}, generate_series(1, {copies}) AS k")
    connection.execute(
        copied.format(
            table=sql.Identifier(table),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            values=sql.SQL(", ").join([sql.SQL(value) for value in values]),
            copies=sql.Literal(copies),
        )
    )


def read(database: Database) -> Reading:
    """Read timelines of customers drawn at random."""
    with database.begin() as db:
        known = db.execute(text("SELECT id FROM customers ORDER BY id")).scalars().all()
        messages = db.execute(text("SELECT count(*) FROM messages")).scalar_one()
    chosen = random.Random(7).choices(known, k=READ)  # noqa: S311 - the same customers every time
    one_row = text("SELECT name FROM customers WHERE id = :id")
    with database.begin() as db:
        taken = sorted(_timed(partial(timeline, db, customer)) for customer in chosen)
        floor = statistics.median(_timed(partial(db.execute, one_row, {"id": customer})) for customer in chosen)
    return Reading(
        messages=messages, p50_ms=taken[len(taken) // 2], p95_ms=taken[len(taken) * 95 // 100], floor_ms=floor
    )


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000
