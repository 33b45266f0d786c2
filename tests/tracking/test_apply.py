"""Applying providers' reports: any order, any repetition, the same end; nothing from who knows where."""

from datetime import datetime
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from notifier.consent.models import Suppression
from notifier.consent.suppress import lift
from notifier.customers.models import ContactPoint
from notifier.customers.snapshot import Snapshot, upsert
from notifier.messages.apply import Applied
from notifier.messages.apply import keep as keep_reports
from notifier.messages.models import Attempt, Event, Message
from notifier.messages.reported import known, ordinary
from notifier.providers.contract import ATTEMPT, EventKind, Reason, StatusReport
from notifier.tracking.apply import apply_pending
from notifier.tracking.keep import Verified, keep
from notifier.tracking.models import HookSet
from tests.tracking.support import FakeProvider, aside, make_attempt, make_message, queue, status

KINDS: list[EventKind] = ["accepted", "sent", "deferred", "delivered", "undelivered", "read", "clicked", "opened"]


def report(
    attempt: UUID | None, kind: EventKind, *, event: str = "", reason: Reason = "", ref: str | None = "SM1"
) -> StatusReport:
    return StatusReport(event_id=event or f"e-{kind}", attempt_id=attempt, ref=ref, kind=kind, reason=reason)


def apply(db: Session, now: datetime, *hooks: Verified) -> int:
    for hook in hooks:
        keep(db, [hook])
    taken = apply_pending(db, {"twilio": FakeProvider()}, limit=1000, now=now)
    db.expire_all()
    return taken


def state(db: Session) -> tuple[str, str | None]:
    message = db.scalars(select(Message)).one()
    return message.state, message.engagement


def test_reports_in_every_order_end_in_the_same_state(db: Session, now: datetime) -> None:
    ends = set()
    for order in permutations(["accepted", "sent", "delivered", "read"]):
        with db.begin_nested() as savepoint:
            attempt = make_attempt(db, make_message(db, now))
            apply(db, now, *(status([report(attempt, kind)]) for kind in order))  # type: ignore[arg-type]  # each is one
            ends.add(state(db))
            savepoint.rollback()

    assert ends == {("delivered", "read")}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.sampled_from(KINDS), min_size=1, max_size=8), data=st.data())
def test_any_order_and_repetition_ends_as_sorted_and_once(
    db: Session, now: datetime, order: list[EventKind], data: st.DataObject
) -> None:
    failures = {"undelivered"} & set(order)
    ends = []
    for kinds in (sorted(set(order)), data.draw(st.permutations(order + order[:2]))):
        with db.begin_nested() as savepoint:
            attempt = make_attempt(db, make_message(db, now))
            apply(db, now, *(status([report(attempt, kind)]) for kind in kinds))
            ends.append(state(db))
            savepoint.rollback()

    assert ends[0] == ends[1] or failures


def test_a_repeat_is_dropped(db: Session, now: datetime) -> None:
    attempt = make_attempt(db, make_message(db, now))

    apply(db, now, *[status([report(attempt, "delivered")])] * 3)

    assert len(db.scalars(select(Event)).all()) == 1
    assert queue(db) == ["done"] * 3


def test_reports_of_nobody_we_know_are_counted_and_change_nothing(db: Session, now: datetime) -> None:
    attempt = make_attempt(db, make_message(db, now))
    strange = [report(uuid4(), "delivered"), report(None, "delivered", event="x", ref="SMother")]

    apply(db, now, status([*strange, report(attempt, "sent")]))

    kept = db.scalars(select(HookSet)).one()
    assert (queue(db), kept.unmatched) == (["done"], 2)
    assert state(db)[0] == "sent"


def test_reports_of_nobody_are_all_counted_though_a_poisonous_one_has_them_applied_one_by_one(
    db: Session, now: datetime
) -> None:
    attempt = make_attempt(db, make_message(db, now))
    strange = [status([report(uuid4(), "sent", event=f"e{number}")]) for number in range(3)]
    poison = status([report(attempt, "delivered", event="bad\x00")])

    keep(db, [*strange[:2], poison, strange[2]])
    apply(db, now)

    assert db.scalars(select(HookSet.unmatched)).all() == [3]
    assert len(aside(db)) == 1


def test_a_message_that_was_ended_since_it_was_looked_at_is_not_delivered(db: Session, now: datetime) -> None:
    message = make_message(db, now, run_id=7)
    attempt = make_attempt(db, message)
    seen = known.by_id(db, [attempt])
    said = Applied(
        message_id=message.id, attempt_id=attempt, provider="twilio", event_id="e", kind="delivered", ref="SM1"
    )
    ways = ordinary.sort_out(keep_reports(db, [said], now=now), seen)
    db.execute(text("UPDATE messages SET state = 'failed'"))

    done = ordinary.carry_out(db, ways, now=now)

    assert [(place.run_id, place.step) for place in ways.places] == [(7, "tell")]
    assert not done.delivered


def test_another_providers_report_cannot_speak_of_the_attempt(db: Session, now: datetime) -> None:
    attempt = make_attempt(db, make_message(db, now), provider="sendgrid")

    apply(db, now, status([report(attempt, "delivered")]))

    assert state(db)[0] == "sent"


def test_a_report_is_matched_by_reference_or_by_its_address(db: Session, now: datetime) -> None:
    one, other = make_message(db, now), make_message(db, now)
    make_attempt(db, one, ref="SMone")
    named = make_attempt(db, other, ref=None)
    by_address = status([report(None, "delivered", event="b", ref="SMother")])
    by_address = Verified(
        provider="twilio",
        kind="status",
        hook=type(by_address.hook)(url="", headers={ATTEMPT: str(named)}, body=by_address.hook.body),
    )

    apply(db, now, status([report(None, "delivered", event="a", ref="SMone")]), by_address)

    assert set(db.scalars(select(Message.state))) == {"delivered"}
    assert db.get_one(Attempt, named).ref == "SMother"


def test_an_unreadable_hook_fails_alone_with_its_error(db: Session, now: datetime) -> None:
    attempt = make_attempt(db, make_message(db, now))
    broken = Verified(provider="twilio", kind="status", hook=type(status([]).hook)(url="", headers={}, body=b"{"))

    taken = apply(db, now, broken, status([report(attempt, "delivered")]))

    assert taken == 2
    assert queue(db) == ["done", "done"]
    assert [error.partition(":")[0] for error in aside(db)] == ["ValidationError"]
    assert state(db)[0] == "delivered"


def test_tables_of_another_version_are_no_fault_of_the_callback(db: Session, now: datetime) -> None:
    attempt = make_attempt(db, make_message(db, now))
    keep(db, [status([report(attempt, "delivered")])])
    db.execute(text("DROP INDEX uq_events_message_id"))

    with pytest.raises(ProgrammingError), db.begin_nested():
        apply_pending(db, {"twilio": FakeProvider()}, limit=1000, now=now)

    assert queue(db) == ["pending"]


def test_a_hook_of_a_provider_we_have_no_settings_for_waits_for_who_has_them(db: Session, now: datetime) -> None:
    attempt = make_attempt(db, make_message(db, now))
    elsewhere = status([], provider="carrier-pigeon")

    taken = apply(db, now, elsewhere, status([report(attempt, "delivered")]))

    assert taken == 1
    assert queue(db) == ["pending", "done"]


@pytest.mark.parametrize(
    ("kind", "reason", "expected"),
    [
        ("complained", "", "complaint"),
        ("unsubscribed", "", "stop"),
        ("refused", "opted-out", "stop"),
        ("refused", "suppressed", "provider"),
        ("bounced", "bad-address", "hard-bounce"),
        ("bounced", "mailbox-full", None),
        ("undelivered", "blocked", None),
        ("delivered", "", None),
    ],
)
def test_what_a_report_means_for_an_email_address(
    db: Session, now: datetime, kind: EventKind, reason: Reason, expected: str | None
) -> None:
    upsert(db, [Snapshot(id="cus_1", as_of=now, email="dia@example.com")])
    attempt = make_attempt(db, make_message(db, now, channel="email", address="dia@example.com"))

    apply(db, now, status([report(attempt, kind, reason=reason)]))

    found = db.scalars(select(Suppression)).one_or_none()
    assert (found.reason if found else None) == expected
    assert not found or found.evidence["event"] == f"e-{kind}"
    assert db.scalars(select(ContactPoint.state)).one() == ("invalid" if reason == "bad-address" else "usable")


def test_a_phone_that_does_not_exist_is_invalid_and_not_suppressed(db: Session, now: datetime) -> None:
    upsert(db, [Snapshot(id="cus_1", as_of=now, phone="+5511961234567")])
    attempt = make_attempt(db, make_message(db, now))

    apply(db, now, status([report(attempt, "undelivered", reason="bad-address")]))

    states = {point.channel: point.state for point in db.scalars(select(ContactPoint))}
    assert states == {"sms": "invalid", "whatsapp": "usable"}
    assert db.scalars(select(Suppression)).all() == []


def test_a_complaint_replayed_after_the_person_came_back_stops_nothing(db: Session, now: datetime) -> None:
    attempt = make_attempt(db, make_message(db, now))
    complaint = status([report(attempt, "complained")])
    apply(db, now, complaint)
    lift(db, "sms", "+5511961234567", at=now)

    apply(db, now, complaint)

    assert db.scalars(select(Suppression.lifted_at)).one() is not None


def test_a_hook_that_outlives_its_message_is_done(db: Session, now: datetime) -> None:
    attempt = make_attempt(db, make_message(db, now))
    db.execute(delete(Message))

    apply(db, now, status([report(attempt, "delivered")]))

    assert db.scalars(select(HookSet.unmatched)).one() == 1
