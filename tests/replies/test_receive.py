"""Inbound texts: kept once, on the right timeline, taken for the first thing that fits."""

from datetime import datetime, timedelta
from time import process_time
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from notifier.consent.models import Consent, Suppression
from notifier.consent.suppress import suppress
from notifier.customers.snapshot import Snapshot, upsert
from notifier.messages.models import Message
from notifier.providers.contract import Hook, Inbound
from notifier.replies.models import Reply
from notifier.replies.quoted import unquoted
from notifier.replies.receive import receive_pending
from notifier.surveys.models import Answer
from notifier.surveys.read import read
from notifier.tracking.keep import Verified, keep
from tests.tracking.support import FakeProvider, aside, inbound, make_attempt, make_message

PHONE = "+5511961234567"


@pytest.fixture
def customer(db: Session, now: datetime) -> str:
    upsert(db, [Snapshot(id="cus_1", as_of=now, email="cem@example.com", phone=PHONE)])
    return "cus_1"


def said(words: str, event: str = "SM1", **given: Any) -> Inbound:
    fields: dict[str, Any] = {"channel": "sms", "sender": PHONE, "recipient": "+15005550006"} | given
    return Inbound(event_id=event, text=words, **fields)


def receive(db: Session, now: datetime, *texts: Inbound) -> list[Reply]:
    for one in texts:
        keep(db, [inbound([one])])
    receive_pending(db, {"twilio": FakeProvider()}, limit=1000, now=now)
    db.expire_all()
    return list(db.scalars(select(Reply).order_by(Reply.id)))


def suppressions(db: Session) -> list[tuple[str, str, str, bool]]:
    return [(one.channel, one.address, one.reason, one.lifted_at is None) for one in db.scalars(select(Suppression))]


def test_a_stop_suppresses_the_channel_with_its_evidence(db: Session, now: datetime, customer: str) -> None:
    (reply,) = receive(db, now, said("Pare."))

    assert (reply.customer_id, reply.taken_as, reply.reason) == (customer, "stop", "keyword-PARE")
    assert suppressions(db) == [("sms", PHONE, "stop", True)]
    assert db.scalars(select(Suppression.evidence)).one()["words"] == "Pare."


def test_a_text_repeated_by_the_vendor_is_kept_once(db: Session, now: datetime, customer: str) -> None:
    replies = receive(db, now, said("oi"), said("oi"), said("oi"))

    assert len(replies) == 1


def test_a_stop_replayed_after_start_stops_nothing(db: Session, now: datetime, customer: str) -> None:
    receive(db, now, said("STOP", "a"))
    receive(db, now + timedelta(hours=1), said("START", "b"))
    receive(db, now + timedelta(hours=2), said("STOP", "a"))

    assert suppressions(db) == [("sms", PHONE, "stop", False)]


def test_start_restores_no_consent(db: Session, now: datetime, customer: str) -> None:
    suppress(db, "sms", PHONE, reason="stop", evidence={}, at=now)

    receive(db, now, said("START"))

    assert suppressions(db)[0][3] is False
    assert db.scalars(select(Consent)).all() == []


def test_a_stop_by_email_ends_what_is_optional_and_leaves_the_address(
    db: Session, now: datetime, customer: str
) -> None:
    receive(db, now, said("STOP\n\nOn Monday Aurora wrote:\n> hi", channel="email", sender="Cem <CEM@example.com>"))

    assert {(one.topic, one.channel, one.granted) for one in db.scalars(select(Consent))} == {
        (topic, "email", False) for topic in ("surveys", "offers", "news")
    }
    assert suppressions(db) == []


def test_a_score_answers_the_open_survey(db: Session, now: datetime, customer: str) -> None:
    message = make_message(db, now, topic="surveys", data={"survey": {"id": "nps_1", "question": "nps"}})

    (reply,) = receive(db, now, said("nota nove, obrigado"))

    answer = db.scalars(select(Answer)).one()
    assert (reply.taken_as, reply.reason, reply.in_reply_to) == ("answer", "score-9", message.id)
    assert (answer.score, answer.survey, answer.source) == (9, "nps_1", "sms")
    assert db.get_one(Message, message.id).engagement == "replied"


def test_a_reason_asked_in_words_takes_the_first_words(db: Session, now: datetime, customer: str) -> None:
    make_message(db, now, topic="surveys", data={"survey": {"id": "why", "question": "cancel-reason"}})

    replies = receive(db, now, said("Muito caro", "a"), said("Quando acaba?", "b"))

    answer = db.scalars(select(Answer)).one()
    assert [one.taken_as for one in replies] == ["answer", "conversation"]
    assert (answer.score, answer.comment) == (None, "Muito caro")


def test_a_stop_beats_the_survey(db: Session, now: datetime, customer: str) -> None:
    make_message(db, now, topic="surveys", data={"survey": {"id": "nps_1", "question": "nps"}})

    (reply,) = receive(db, now, said("sair"))

    assert reply.taken_as == "stop"
    assert db.scalars(select(Answer)).all() == []


@pytest.mark.parametrize(("age", "taken_as"), [(timedelta(days=6), "answer"), (timedelta(days=8), "conversation")])
def test_a_question_closes_after_a_week(
    db: Session, now: datetime, customer: str, age: timedelta, taken_as: str
) -> None:
    make_message(db, now, sent_at=now - age, data={"survey": {"id": "nps_1", "question": "nps"}})

    (reply,) = receive(db, now, said("9"))

    assert reply.taken_as == taken_as


def test_an_answer_that_names_its_message_is_joined_to_it(db: Session, now: datetime, customer: str) -> None:
    old = make_message(db, now, sent_at=now - timedelta(days=20), data={"survey": {"id": "old", "question": "nps"}})
    make_attempt(db, old, ref="SMold")
    make_message(db, now, data={"survey": {"id": "new", "question": "nps"}})

    receive(db, now, said("8", in_reply_to="SMold"))

    assert db.scalars(select(Answer.survey)).all() == ["old"]


def test_two_customers_with_one_phone_are_never_guessed_between(db: Session, now: datetime, customer: str) -> None:
    upsert(db, [Snapshot(id="cus_2", as_of=now, phone=PHONE)])
    make_message(db, now, data={"survey": {"id": "nps_1", "question": "nps"}})

    (reply,) = receive(db, now, said("9"))

    assert (reply.customer_id, reply.taken_as) == (None, "conversation")


def test_a_stranger_is_kept_without_a_customer(db: Session, now: datetime) -> None:
    (reply,) = receive(db, now, said("oi \x00 \ud83d".encode("utf-8", "replace").decode(), sender="+15551234567"))

    assert reply.customer_id is None


def test_an_automatic_reply_is_kept_and_changes_nothing(db: Session, now: datetime, customer: str) -> None:
    (reply,) = receive(db, now, said("STOP", is_automatic=True))

    assert reply.taken_as == "automatic"
    assert suppressions(db) == []


@pytest.mark.parametrize("body", [b"{broken", b'[{"nested": ' + b"[" * 100_000])
def test_an_unreadable_text_fails_alone(db: Session, now: datetime, customer: str, body: bytes) -> None:
    keep(db, [Verified(provider="twilio", kind="inbound", hook=Hook(url="", headers={}, body=body))])

    replies = receive(db, now, said("oi"))

    assert [one.text for one in replies] == ["oi"]
    assert len(aside(db)) == 1


@pytest.mark.parametrize(
    ("mail", "own"),
    [
        ("9\r\n\r\nOn Mon, 16 Nov 2026 at 10:00, Aurora <a@b.c> wrote:\r\n> How likely", "9"),
        ("nove\n\nEm seg., 16 de nov. de 2026 às 10:00, Aurora <a@b.c>\nescreveu:\n> x", "nove"),
        ("Hi\n-- \nCem", "Hi"),
        ("ok\n\n-----Original Message-----\nFrom: a", "ok"),
        ("> only a quotation", "> only a quotation"),
        ("", ""),
    ],
)
def test_the_persons_own_words_are_taken_from_a_mail(mail: str, own: str) -> None:
    assert unquoted(mail) == own


@pytest.mark.parametrize("text", ["--a" + "-" * 100_000 + "x", "9, " + "a" * 100_000])
def test_an_endless_line_is_read_in_no_time(text: str) -> None:
    began = process_time()

    unquoted(text)
    read(text)

    assert process_time() - began < 1
