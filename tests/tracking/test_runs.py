"""What becomes of the runs whose messages are reported on."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from time import sleep
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from notifier.db import Database
from notifier.journeys import advance
from notifier.messages.models import Attempt
from notifier.planning.plan import planning
from notifier.providers.contract import EventKind, StatusReport
from notifier.tracking.apply import apply_pending
from notifier.tracking.keep import keep
from tests.support.happenings import drain, happening, publish_journeys, take
from tests.tracking.support import FakeProvider, aside, status

_SENT = text("""
    WITH claimed AS (DELETE FROM due_messages WHERE channel = ANY(:channels) RETURNING message_id)
    UPDATE messages SET state = 'sent' WHERE id IN (SELECT message_id FROM claimed) RETURNING id
""")
_WITHOUT_PATIENCE = text("""
    INSERT INTO journey_versions (journey, version, digest, source)
    SELECT journey, 2, 'without patience', replace(source, E'  - name: patience\\n    wait: 3d\\n', '')
    FROM journey_versions WHERE journey = 'payment-failed'
""")


def begun(db: Session, now: datetime) -> None:
    """Let a payment fail: an email, and a WhatsApp that is waited for; in three days, once more."""
    publish_journeys(db)
    take(db, happening("payment.failed", at=now), now=now)
    drain(db, now=now)


def reported(db: Session, now: datetime, channels: Sequence[str], kind: EventKind = "delivered") -> None:
    """Let the waiting messages of these channels go, and one thing be reported of each."""
    told = []
    for row in db.execute(_SENT, {"channels": list(channels)}).all():
        attempt = uuid7()
        db.add(Attempt(id=attempt, message_id=row.id, number=1, provider="twilio", state="accepted", claimed_by="w"))
        told.append(StatusReport(event_id=f"{kind} {row.id}", attempt_id=attempt, ref=None, kind=kind))
    db.flush()
    keep(db, [status(told)])
    db.info.pop("bells", None)
    apply_pending(db, {"twilio": FakeProvider()}, limit=500, now=now)


def stands(db: Session) -> Any:
    return db.execute(
        text("SELECT state, position ->> 'step' AS step, position ->> 'state' AS waits_for, due_at, error FROM runs")
    ).one()


def test_a_run_goes_on_with_the_report_it_waited_for(db: Session, now: datetime) -> None:
    begun(db, now)
    later = now + timedelta(minutes=1)

    reported(db, later, ["whatsapp"])

    run = stands(db)
    assert (run.state, run.step, run.waits_for) == ("open", "patience", "wait")
    assert run.due_at.date() == (now + timedelta(days=3)).date()
    assert "runs" not in db.info.get("bells", set())  # nothing is left to do
    assert drain(db, now=later) == 0


def test_what_is_sent_beside_it_leaves_the_run_where_it_is(db: Session, now: datetime) -> None:
    begun(db, now)
    before = stands(db)

    reported(db, now + timedelta(minutes=1), ["email"])

    assert stands(db) == before


def test_a_run_that_asks_for_a_message_next_is_woken(db: Session, now: datetime) -> None:
    publish_journeys(db)
    db.execute(_WITHOUT_PATIENCE)
    take(db, happening("payment.failed", at=now), now=now)
    drain(db, now=now)
    later = now + timedelta(minutes=1)

    reported(db, later, ["whatsapp", "email"])

    assert (stands(db).step, stands(db).due_at) == ("notice", later)
    assert "runs" in db.info["bells"]
    drain(db, now=later)
    assert stands(db).step == "again"


def test_a_failure_wakes_the_run_for_the_next_channel(db: Session, now: datetime) -> None:
    begun(db, now)
    later = now + timedelta(minutes=1)

    reported(db, later, ["whatsapp"], "undelivered")

    assert stands(db).due_at == later
    drain(db, now=later)
    planned = db.execute(text("SELECT channel FROM messages WHERE state = 'planned' ORDER BY 1")).scalars().all()
    assert planned == ["email", "sms"]


def test_a_run_that_cannot_go_on_fails_when_it_is_due_and_not_its_report(db: Session, now: datetime) -> None:
    begun(db, now)
    db.execute(text("UPDATE runs SET position = position - 'basis'"))
    later = now + timedelta(minutes=1)

    reported(db, later, ["whatsapp"])

    assert aside(db) == []
    assert stands(db).due_at == later
    advance.due(db, limit=10, now=later, plan=planning(db, now=later))
    assert "basis" in stands(db).error


def test_a_report_waits_for_a_run_that_is_moving_on(live_database: Database, now: datetime) -> None:
    with live_database.begin() as db:
        begun(db, now)
    late = now + timedelta(hours=3)

    with ThreadPoolExecutor(1) as other:
        with live_database.begin() as db:
            advance.due(db, limit=10, now=late, plan=planning(db, now=late))  # to the next channel, by the time
            told = other.submit(tell, live_database, late, "whatsapp")
            sleep(0.3)
            assert not told.done()
        told.result(10)

    with live_database.begin() as db:
        assert stands(db).step == "patience"


def test_a_report_waits_for_a_run_that_is_taken_up_again(live_database: Database, now: datetime) -> None:
    later = now + timedelta(minutes=1)
    with live_database.begin() as db:
        begun(db, now)
        db.execute(text("UPDATE runs SET state = 'failed'"))

    with ThreadPoolExecutor(1) as other:
        with live_database.begin() as db:
            db.execute(text("UPDATE runs SET state = 'open', due_at = :now"), {"now": later})
            told = other.submit(tell, live_database, later, "whatsapp")
            sleep(0.3)
            assert not told.done()
        told.result(10)

    with live_database.begin() as db:
        assert stands(db).step == "patience"


def test_a_run_that_was_set_aside_stays_where_it_is(db: Session, now: datetime) -> None:
    begun(db, now)
    db.execute(text("UPDATE runs SET state = 'failed'"))
    before = stands(db)

    reported(db, now + timedelta(minutes=1), ["whatsapp"])

    assert stands(db) == before


def test_a_report_nothing_waits_for_waits_for_no_run(live_database: Database, now: datetime) -> None:
    with live_database.begin() as db:
        begun(db, now)

    with ThreadPoolExecutor(1) as other, live_database.begin() as db:
        db.execute(text("SELECT FROM runs FOR UPDATE"))
        other.submit(tell, live_database, now, "email").result(10)


def tell(database: Database, now: datetime, channel: str) -> None:
    with database.begin() as db:
        reported(db, now, [channel])
