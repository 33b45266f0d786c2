"""Locks go run, message, attempt: whoever settles, reports, drops and ends at the same time never deadlocks."""

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.clock import business_now
from notifier.db import Database
from notifier.journeys.reports import go_on, hold_awaiting
from notifier.messages.apply import Applied, keep
from notifier.messages.draft import Decision
from notifier.messages.due import cancel
from notifier.messages.reported.known import by_id
from notifier.messages.reported.ordinary import carry_out as carry_out_reports
from notifier.messages.reported.ordinary import sort_out
from notifier.providers.contract import NotSent, Outcome, Outgoing
from notifier.sending.claims.verdicts import Held, carry_out
from tests.sending.stage import Stage

MANY = 60
LEAST, MOST = 4.0, 20.0
_ENOUGH = "SELECT count(*) > 100 AS is_enough FROM attempts"

_RUNS = """
    WITH made AS (
        INSERT INTO runs (journey, version, customer_id, incident, generation, trigger_id, state, position, due_at,
                          ends_on, tries, error, decisions, started_at, end_reason)
        SELECT 'test', 1, customer_id, customer_id, 1, id, 'open',
               '{"step": "tell", "state": "reports", "tried": ["sms", "email"]}', now() + interval '9 days',
               '{}', 0, '', '[]', now(), '' FROM triggers ORDER BY random() RETURNING id, customer_id
    )
    UPDATE messages m SET run_id = made.id FROM made WHERE made.customer_id = m.customer_id RETURNING m.run_id
"""


_AGAIN = """
    WITH ours AS (
        SELECT id FROM messages WHERE run_id = ANY(:runs) AND state IN ('cancelled', 'sent', 'delivered')
        ORDER BY id FOR UPDATE
    ), due AS (
        INSERT INTO due_messages (message_id, customer_id, lane, channel, topic, journey, due_at, number)
        SELECT m.id, m.customer_id, m.lane, m.channel, m.topic, m.journey, m.due_at,
               (SELECT count(*) + 1 FROM attempts a WHERE a.message_id = m.id)
        FROM messages m WHERE m.id IN (SELECT id FROM ours)
    ), unsent AS (
        UPDATE attempts SET state = 'not-sent', reason = 'pacing'
        WHERE message_id IN (SELECT id FROM ours) AND state <> 'calling'
    )
    UPDATE messages SET state = 'queued' WHERE id IN (SELECT id FROM ours)
"""


def end(db: Session, now: datetime) -> None:
    """What a trigger does that ends runs: their locks first, then those of their unsent messages. Then all again."""
    chosen = text("SELECT id FROM runs WHERE id % 3 = :third ORDER BY id FOR UPDATE")
    runs = db.execute(chosen, {"third": random.randrange(3)}).scalars().all()
    cancel(db, runs, reason="ended", at=now)
    db.execute(text("UPDATE runs SET due_at = now() + interval '9 days' WHERE id = ANY(:runs)"), {"runs": runs})
    db.execute(text(_AGAIN), {"runs": runs})


def report(db: Session, now: datetime) -> None:
    """What a callback does; several of one message may come at once."""
    rows = db.execute(text("SELECT id, message_id FROM attempts ORDER BY random() LIMIT 20")).all()
    known = by_id(db, {row.id for row in rows})
    ways = sort_out(keep(db, [_deferred(row.message_id, row.id) for row in rows], now=now), known)
    awaiting = hold_awaiting(db, ways.places)
    done = carry_out_reports(db, ways, now=now)
    go_on(db, awaiting, delivered=done.delivered, changed=done.changed, now=now)


def give_up(db: Session, now: datetime) -> None:
    """What a claim does with messages that are not true any more."""
    ids = db.execute(text("SELECT id FROM messages WHERE state = 'queued' ORDER BY random() LIMIT 5")).scalars().all()
    why = Decision(at=now, verdict="cancelled", reason="test")
    carry_out(db, {ident: Held(state="cancelled", decision=why) for ident in ids}, now=now)


def test_nobody_deadlocks(stage: Stage) -> None:
    stage.due(MANY, channels=("sms", "email"))
    stage.query(_RUNS)
    stage.outbox.answering = _refusing
    stopped = threading.Event()
    errors: list[BaseException] = []

    def again_and_again(work: Callable[[Session, datetime], None]) -> None:
        while not stopped.is_set():
            _try(errors, lambda: stage.database.run(lambda db: work(db, business_now(db)), tries=1))

    def send() -> None:
        while not stopped.is_set():
            _try(errors, stage.drain)

    others = [threading.Thread(target=again_and_again, args=(work,)) for work in (end, report, report, give_up)]
    threads = [*others, threading.Thread(target=send), threading.Thread(target=send)]
    for thread in threads:
        thread.start()
    begun = time.monotonic()
    while (spent := time.monotonic() - begun) < LEAST or (spent < MOST and not stage.query(_ENOUGH)[0].is_enough):
        stage.query("DELETE FROM sender_pauses RETURNING 1")  # a sender that fails so often would rest
        stopped.wait(0.2)
    stopped.set()
    for thread in threads:
        thread.join()

    assert errors == []
    assert stage.query(_ENOUGH) == [(True,)]
    assert _deadlocks(stage.database) == 0


def _refusing(_outgoing: Outgoing) -> Outcome:
    return NotSent(retry_after=0.0, reason="unreachable")


def _deferred(message_id: UUID, attempt_id: UUID) -> Applied:
    event = random.randbytes(8).hex()
    kind = random.choice(["deferred", "deferred", "deferred", "sent", "delivered"])
    return Applied(message_id=message_id, attempt_id=attempt_id, provider="outbox", event_id=event, kind=kind)


def _try(errors: list[BaseException], work: Callable[[], object]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - shown at the end of the test
        errors.append(error)


def _deadlocks(database: Database) -> int:
    database.close()  # a connection tells what it counted when it ends
    with database.begin() as db:
        sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return int(db.execute(text(sql)).scalar_one())
