"""Tables that are no longer what their statistics say: each row is found by its key all the same."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import Database
from notifier.messages.accepted import Acceptance, accept
from notifier.providers.contract import EventKind, StatusReport
from notifier.tracking.apply import apply_pending
from notifier.tracking.keep import keep
from tests.tracking.support import FakeProvider, status

MANY, SET, EACH = 3000, 50, 6
"""Rows that are there, messages of a set, and rows a set may read of a table for each."""

TABLES = ("messages", "attempts", "runs", "hook_sets", "pending_hooks", "events", "due_messages")

_QUIET = "ALTER TABLE {} SET (autovacuum_enabled = off)"
_FILL = text("""
    WITH t AS (
        INSERT INTO triggers (source, event_id, type, version, customer_id, time, data)
        SELECT 'test', gen_random_uuid(), 'x', 1, 'cus_1', now(), '{}' FROM generate_series(1, :many)
        RETURNING id
    ), r AS (
        INSERT INTO runs (journey, version, customer_id, incident, generation, trigger_id, state, position, due_at,
                          ends_on, tries, error, decisions, started_at, end_reason)
        SELECT 'test', 1, 'cus_1', id, 1, id, 'open', :awaiting, :now + interval '9 days', '{}', 0, '', '[]', now(),
               '' FROM t RETURNING id, trigger_id
    ), m AS (
        INSERT INTO messages (id, customer_id, trigger_id, run_id, journey, journey_version, step, channel, address,
                              topic, lane, template, locale, timezone, country, state, due_at, expires_at, created_at,
                              decisions)
        SELECT gen_random_uuid(), 'cus_1', trigger_id, id, 'test', 1, 'tell', 'sms', '+1', 'billing', 'bulk', 't', 'en',
               'UTC', 'BR', 'planned', :now, :now, :now, '[]' FROM r RETURNING id
    )
    INSERT INTO attempts (id, message_id, number, provider, claimed_by)
    SELECT gen_random_uuid() AS made, id, 1, 'twilio', 'w' FROM m ORDER BY made RETURNING id, message_id
""")
_AWAITING = '{"step": "tell", "state": "reports", "tried": ["sms"]}'
_READ = text("""
    SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) AS many FROM pg_stat_xact_user_tables
    WHERE relname = ANY(:tables)
""")

_COUNT_ANEW = text("SELECT pg_stat_force_next_flush()")


def test_a_set_reads_only_its_own_rows(live_database: Database, now: datetime) -> None:
    with live_database.begin() as db:
        analyze(db)
    for _ in range(16):  # often enough for the driver, and then the server, to keep a plan
        few = fill(live_database, 2, now)
        sent(live_database, few, now)
        told(live_database, few, now)
    rows = fill(live_database, MANY, now)[:SET]

    assert excess(live_database, rows, now) == {"answers": {}, "reports": {}}
    with live_database.begin() as db:
        states = db.execute(text("SELECT state, count(*) FROM messages GROUP BY 1")).all()
    half = (SET + 32) // 2
    assert dict(map(tuple, states)) == {"planned": MANY - SET, "delivered": half, "undelivered": half}


def test_statistics_of_a_day_that_is_over_spoil_nothing(live_database: Database, now: datetime) -> None:
    fill(live_database, MANY, now)
    with live_database.begin() as db:
        db.execute(text("UPDATE messages SET state = 'delivered'"))
        db.execute(text("UPDATE attempts SET state = 'delivered'"))
        analyze(db)
    rows = fill(live_database, 10 * SET, now)

    assert excess(live_database, rows, now) == {"answers": {}, "reports": {}}


def analyze(db: Session) -> None:
    for table in TABLES:
        db.execute(text(_QUIET.format(table)))
        db.execute(text(f"ANALYZE {table}"))
    db.execute(_COUNT_ANEW)


def excess(database: Database, rows: list[Any], now: datetime) -> dict[str, dict[str, int]]:
    """Return where settling the rows, and applying what is reported of them, reads more than they are worth."""
    work = {"answers": sent(database, rows, now), "reports": told(database, rows, now)}
    return {what: {name: many for name, many in did.items() if many > len(rows) * EACH} for what, did in work.items()}


def fill(database: Database, many: int, now: datetime) -> list[Any]:
    with database.begin() as db:
        return list(db.execute(_FILL, {"many": many, "now": now, "awaiting": _AWAITING}).all())


def sent(database: Database, rows: list[Any], now: datetime) -> dict[str, int]:
    with database.begin() as db:
        accept(db, [Acceptance(row.message_id, row.id, "twilio", ref(row.id), 1) for row in rows], now=now)
        return read(db)


def told(database: Database, rows: list[Any], now: datetime) -> dict[str, int]:
    """Half of them go the ordinary way, half are failures."""
    with database.begin() as db:
        for number, row in enumerate(rows):
            kinds: list[EventKind] = ["sent", "undelivered" if number % 2 else "delivered"]
            said = [
                StatusReport(event_id=f"{kind} {row.id}", attempt_id=row.id, ref=ref(row.id), kind=kind)
                for kind in kinds
            ]
            keep(db, [status(said)])
    with database.begin() as db:
        apply_pending(db, {"twilio": FakeProvider()}, limit=1000, now=now)
        return read(db)


def ref(attempt: UUID) -> str:
    return f"SM{attempt.hex}"


def read(db: Session) -> dict[str, int]:
    many = {row.relname: row.many for row in db.execute(_READ, {"tables": list(TABLES)})}
    db.execute(_COUNT_ANEW)
    return many
