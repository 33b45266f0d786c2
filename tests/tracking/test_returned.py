"""Mails that came back, from the mail server's pipe to what they mean: once each, and nothing made up."""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from notifier.consent.models import Suppression
from notifier.customers.models import ContactPoint
from notifier.customers.snapshot import Snapshot, upsert
from notifier.db import Database
from notifier.messages.models import Attempt, Event, Message
from notifier.providers.registry import build
from notifier.providers.smtp.verp import ReturnAddress
from notifier.settings import Settings
from notifier.tracking.apply import apply_pending
from notifier.tracking.models import HookSet
from notifier.tracking.returned import take
from tests.support import returned
from tests.tracking.support import aside, kept, make_attempt, make_message, queue

SECRET = "s3cret"
KNOWN = ReturnAddress(returned.BOUNCES_TO, SECRET)
SETTINGS = Settings(smtp_url="smtp://127.0.0.1:1", bounce_address=returned.BOUNCES_TO, secret_key=SECRET)
NOT_THERE = "smtp; 550 5.1.1 <ana@example.net>: unknown"


@pytest.fixture
def attempt(db: Session, now: datetime) -> UUID:
    return sent(db, now)


def sent(db: Session, now: datetime, state: str = "accepted") -> UUID:
    upsert(db, [Snapshot(id="cus_1", as_of=now, email="ana@example.net")])
    message = make_message(db, now, channel="email", address="ana@example.net", state="sent")
    return make_attempt(db, message, provider="smtp", ref="<1@example.com>", state=state)


def apply(db: Session, now: datetime) -> None:
    apply_pending(db, build(SETTINGS, {}), limit=1000, now=now)
    db.expire_all()


def test_a_bounce_for_good_silences_the_address_once(db: Session, now: datetime, attempt: UUID) -> None:
    raw = returned.report(KNOWN.of(attempt), "failed", "5.1.1", NOT_THERE)

    first, again = take(db, raw, KNOWN), take(db, raw, KNOWN)
    apply(db, now)

    assert first == again
    assert first.is_kept
    assert "bounced (failed 5.1.1" in first.why
    assert db.scalars(select(Message.state)).one() == "bounced"
    assert db.scalars(select(Suppression.reason)).one() == "hard-bounce"
    assert db.scalars(select(ContactPoint.state)).one() == "invalid"
    assert db.scalars(select(Event.kind)).one() == "bounced"
    assert queue(db) == ["done", "done"]
    assert kept(db)[0].body == raw


def test_a_complaint_silences_the_address(db: Session, now: datetime, attempt: UUID) -> None:
    taken = take(db, returned.complaint(KNOWN.of(attempt)), KNOWN)
    apply(db, now)

    assert taken.is_kept
    assert db.scalars(select(Suppression.reason)).one() == "complaint"
    assert db.scalars(select(Message.engagement)).one() == "complained"


def test_a_delay_changes_nothing_and_is_there_to_be_read(db: Session, now: datetime, attempt: UUID) -> None:
    take(db, returned.report(KNOWN.of(attempt), "delayed", "4.4.1"), KNOWN)
    apply(db, now)

    assert db.scalars(select(Event.kind)).one() == "deferred"
    assert db.scalars(select(Message.state)).one() == "sent"
    assert db.scalars(select(Suppression)).all() == []


@pytest.mark.parametrize("mail", ["bounce", "vacation"])
def test_whatever_comes_back_proves_that_an_unknown_call_was_made(db: Session, now: datetime, mail: str) -> None:
    attempt = sent(db, now, state="unknown")
    to = KNOWN.of(attempt)

    take(db, returned.vacation(to) if mail == "vacation" else returned.report(to, "failed", "5.1.1"), KNOWN)
    apply(db, now)

    assert db.get_one(Attempt, attempt).state == ("accepted" if mail == "vacation" else "bounced")


@pytest.mark.parametrize(
    "raw",
    [
        returned.report(ReturnAddress(returned.BOUNCES_TO, "stolen").of(uuid4()), "failed", "5.1.1"),
        returned.report("bounces@example.com", "failed", "5.1.1"),
        returned.complaint("news@example.com"),
        returned.nested("nobody@example.com"),
        b"",
        b"\x00\xff\xfe",
        b"\n" * 100_000,
    ],
)
def test_what_cannot_be_ours_is_forgotten_and_says_why(db: Session, raw: bytes) -> None:
    taken = take(db, raw, KNOWN)

    assert not taken.is_kept
    assert taken.why
    assert kept(db) == []


def test_poison_at_the_right_address_is_set_aside_and_holds_nobody_up(
    db: Session, now: datetime, attempt: UUID
) -> None:
    poison = take(db, returned.nested("someone"), KNOWN, recipient=KNOWN.of(attempt))
    take(db, returned.report(KNOWN.of(attempt), "failed", "5.1.1"), KNOWN)
    apply(db, now)

    assert poison.is_kept
    assert "cannot be read (RecursionError)" in poison.why
    assert queue(db) == ["done", "done"]
    assert [error.partition(":")[0] for error in aside(db)] == ["RecursionError"]
    assert db.scalars(select(Message.state)).one() == "bounced"


def test_an_attempt_that_was_erased_is_named(db: Session, attempt: UUID) -> None:
    db.execute(delete(Attempt))

    taken = take(db, returned.report(KNOWN.of(attempt), "failed", "5.1.1"), KNOWN)

    assert not taken.is_kept
    assert str(attempt) in taken.why


def pipe(raw: bytes, *arguments: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER_")}
    given = {"NOTIFIER_BOUNCE_ADDRESS": returned.BOUNCES_TO, "NOTIFIER_SECRET_KEY": SECRET} | environ
    command = [sys.executable, "-m", "notifier", "bounces", *arguments]
    return subprocess.run(command, check=False, input=raw, capture_output=True, env=clean | given, timeout=60)


def test_the_command_keeps_what_a_mail_server_pipes_into_it(live_database: Database, now: datetime) -> None:
    with live_database.begin() as db:
        attempt = sent(db, now)
    raw = returned.report("whoever@example.com", "failed", "5.1.1") + b"x" * 3_000_000

    taken = pipe(raw, "--to", KNOWN.of(attempt), NOTIFIER_DATABASE_URL=live_database.url)
    strange = pipe(b"hello", NOTIFIER_DATABASE_URL=live_database.url)

    assert (taken.returncode, strange.returncode) == (0, 0)
    assert taken.stdout.startswith(f"kept: attempt {attempt}: bounced".encode())
    assert strange.stderr == b"forgotten: no address in it was made here\n"
    with live_database.begin() as db:
        assert list(db.scalars(select(HookSet.provider))) == ["smtp"]


@pytest.mark.parametrize(
    "environ",
    [
        {"NOTIFIER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
        {"NOTIFIER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "NOTIFIER_BOUNCE_ADDRESS": ""},
        {"NOTIFIER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "NOTIFIER_SECRET_KEY": ""},
    ],
)
def test_what_cannot_be_kept_now_has_the_mail_server_come_again(environ: dict[str, str], tmp_path: Path) -> None:
    done = pipe(returned.report(KNOWN.of(uuid4()), "failed", "5.1.1"), NOTIFIER_VAR=str(tmp_path), **environ)

    assert done.returncode == 75
    assert done.stderr.startswith(b"not kept, to be tried again: ")
    assert b"Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
