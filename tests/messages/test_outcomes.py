"""What calls and reports do to stored messages."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from notifier.messages import content, due, outcomes
from notifier.messages.accepted import Acceptance, accept
from notifier.messages.apply import Applied, apply
from notifier.messages.draft import Decision, Draft
from notifier.messages.models import Attempt, Event, Message
from notifier.messages.outcomes import Change
from notifier.messages.write import write


def make_draft(now: datetime, **changes) -> Draft:
    given = {
        "customer_id": "cus_1",
        "trigger_id": 1,
        "run_id": 7,
        "journey": "payment-failed",
        "journey_version": 1,
        "incident": "inv_1",
        "generation": 1,
        "step": "notice",
        "channel": "sms",
        "address": "+5511961234567",
        "topic": "billing",
        "lane": "transactional",
        "template": "payment-failed",
        "locale": "pt_BR",
        "timezone": "America/Sao_Paulo",
        "country": "BR",
        "state": "planned",
        "due_at": now,
        "expires_at": now + timedelta(days=3),
        "created_at": now,
        "decisions": [Decision(at=now, verdict="planned", reason="first-usable-channel")],
    }
    return Draft(**{**given, **changes})


def attempted(db: Session, now: datetime, *, number: int = 1, message_id: UUID | None = None) -> Attempt:
    if message_id is None:
        (message_id,) = write(db, [make_draft(now)])
    attempt = Attempt(id=uuid7(), message_id=message_id, number=number, provider="twilio", claimed_by="w1")
    db.add(attempt)
    db.execute(text("DELETE FROM due_messages WHERE message_id = :id"), {"id": message_id})
    db.flush()
    return attempt


def message_of(db: Session, attempt: Attempt) -> Message:
    db.expire_all()
    return db.scalars(select(Message).where(Message.id == attempt.message_id)).one()


def report(attempt: Attempt, kind: str, event_id: str, **more) -> Applied:
    return Applied(
        message_id=attempt.message_id, attempt_id=attempt.id, provider="twilio", event_id=event_id, kind=kind, **more
    )


def test_only_calls_whose_answer_is_the_first_word_of_them_are_settled_together(db: Session, now: datetime) -> None:
    attempts = [attempted(db, now), attempted(db, now, message_id=write(db, [make_draft(now, channel="email")])[0])]
    given = [Acceptance(one.message_id, one.id, "twilio", f"SM{one.id.hex}", 1) for one in attempts]
    outcomes.record(db, [Change(attempt_id=attempts[0].id, state="sent")], now=now)

    assert accept(db, given, now=now) == given[1:]
    assert accept(db, given, now=now) == []
    assert {message_of(db, one).provider_ref for one in attempts} == {None, given[1].ref}
    assert db.execute(text("SELECT ref FROM refs")).scalars().all() == [given[1].ref]


def test_the_same_fact_makes_one_message_for_ever(db: Session, now: datetime) -> None:
    first = write(db, [make_draft(now), make_draft(now), make_draft(now, channel="email")])

    again = write(db, [make_draft(now + timedelta(days=400))])

    assert len(first) == 2
    assert again == []
    assert db.info["bells"] == {"transactional"}


def test_an_accepted_call_makes_the_message_sent_and_lets_its_run_sleep(db: Session, now: datetime) -> None:
    attempt = attempted(db, now)

    runs = outcomes.record(db, [Change(attempt_id=attempt.id, state="accepted", ref="SM1")], now=now)

    message = message_of(db, attempt)
    assert (message.state, message.provider, message.provider_ref, message.sent_at) == ("sent", "twilio", "SM1", now)
    assert runs == set()


def test_settling_never_lowers_what_a_callback_has_raised(db: Session, now: datetime) -> None:
    attempt = attempted(db, now)
    apply(db, [report(attempt, "delivered", "e1", ref="SM1")], now=now)

    outcomes.record(db, [Change(attempt_id=attempt.id, state="accepted", ref="SM1")], now=now)

    assert message_of(db, attempt).state == "delivered"


def test_a_repeated_report_is_kept_once(db: Session, now: datetime) -> None:
    attempt = attempted(db, now)

    apply(db, [report(attempt, "sent", "e1"), report(attempt, "sent", "e1")], now=now)
    apply(db, [report(attempt, "sent", "e1")], now=now)

    assert len(db.scalars(select(Event)).all()) == 1
    assert message_of(db, attempt).state == "sent"


@pytest.mark.parametrize("order", [("sent", "delivered", "read"), ("read", "delivered", "sent")])
def test_reports_in_any_order_end_alike(db: Session, now: datetime, order: tuple[str, ...]) -> None:
    attempt = attempted(db, now)

    for kind in order:
        apply(db, [report(attempt, kind, kind)], now=now)

    message = message_of(db, attempt)
    assert (message.state, message.engagement) == ("delivered", "read")


def test_a_call_surely_unsent_is_queued_again_with_its_wait(db: Session, now: datetime) -> None:
    attempt = attempted(db, now)
    later = now + timedelta(seconds=30)

    outcomes.record(
        db, [Change(attempt_id=attempt.id, state="not-sent", then="queued", not_before=later, reason="pacing")], now=now
    )

    message = message_of(db, attempt)
    assert (message.state, message.reason) == ("queued", "pacing")
    assert db.execute(text("SELECT not_before, number, tries FROM due_messages")).one() == (later, 2, 1)


def test_delivered_on_a_lost_attempt_cancels_the_queued_retry(db: Session, now: datetime) -> None:
    attempt = attempted(db, now)
    outcomes.record(db, [Change(attempt_id=attempt.id, state="lost", then="queued")], now=now)

    apply(db, [report(attempt, "delivered", "late")], now=now)

    assert message_of(db, attempt).state == "delivered"


def test_a_late_undelivered_leaves_the_second_attempts_delivery(db: Session, now: datetime) -> None:
    first = attempted(db, now)
    second = attempted(db, now, number=2, message_id=first.message_id)
    apply(db, [report(second, "delivered", "e2")], now=now)

    apply(db, [report(first, "undelivered", "e1", reason="unreachable")], now=now)

    message = message_of(db, first)
    assert (message.state, message.reason) == ("delivered", "")


def test_a_retry_that_is_reported_undelivered_before_its_answer_is_stored_ends_the_message(
    db: Session, now: datetime
) -> None:
    first = attempted(db, now)
    lost = Change(attempt_id=first.id, state="lost", then="queued", reason="not-at-provider")
    outcomes.record(db, [lost], now=now)
    second = attempted(db, now, number=2, message_id=first.message_id)  # its worker dies once it is taken

    runs = apply(db, [report(second, "undelivered", "e1", ref="SM2", reason="bad-address")], now=now)

    message = message_of(db, second)
    assert (message.state, message.reason, message.provider_ref) == ("undelivered", "bad-address", "SM2")
    assert runs == {7}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("together", [True, False])
def test_why_a_message_failed_is_what_its_last_attempt_says(
    db: Session, now: datetime, order: tuple[int, int], *, together: bool
) -> None:
    first = attempted(db, now)
    second = attempted(db, now, number=2, message_id=first.message_id)
    told = [report(first, "undelivered", "e1", reason="blocked"), report(second, "undelivered", "e2")]
    sets = [[told[place] for place in order]] if together else [[told[place]] for place in order]

    for one in sets:
        apply(db, one, now=now)

    message = message_of(db, first)
    assert (message.state, message.reason) == ("undelivered", "")


def test_a_late_undelivered_leaves_a_waiting_retry_alone(db: Session, now: datetime) -> None:
    first = attempted(db, now)
    lost = Change(attempt_id=first.id, state="lost", then="queued", reason="no-evidence")
    outcomes.record(db, [lost], now=now)

    runs = apply(db, [report(first, "undelivered", "e1", ref="SM1")], now=now)

    assert (message_of(db, first).state, runs) == ("queued", set())
    assert db.execute(text("SELECT number FROM due_messages")).scalar_one() == 2


def test_cancelling_takes_back_only_the_unsent(db: Session, now: datetime) -> None:
    attempt = attempted(db, now)
    write(db, [make_draft(now, step="second")])

    cancelled = due.cancel(db, [7], reason="payment.recovered", at=now)

    assert cancelled == 1
    assert message_of(db, attempt).state == "planned"
    assert db.execute(text("SELECT count(*) FROM due_messages")).scalar_one() == 0


def test_an_end_that_comes_during_the_call_does_not_hide_the_sending(db: Session, now: datetime) -> None:
    attempt = attempted(db, now)
    due.cancel(db, [7], reason="payment.recovered", at=now)

    outcomes.record(db, [Change(attempt_id=attempt.id, state="accepted", ref="SM1")], now=now)

    assert message_of(db, attempt).state == "sent"


def test_content_is_kept_exactly(db: Session) -> None:
    kept = content.Kept(subject="Olá", text="São R$ 39,90", html="<p>São R$ 39,90</p>")

    assert content.unpack(db, *content.pack(kept)) == kept
    with pytest.raises(ValueError, match="rot13"):
        content.unpack(db, "rot13", b"")
