"""A no is honoured; what belongs to the contract still arrives by email."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.consent.state import allowed, record
from notifier.consent.suppress import lift, suppress, suppressed


def test_without_a_word_everything_is_allowed(db: Session) -> None:
    verdicts = allowed(db, ["c"])["c"]

    assert all(verdicts.values())
    assert len(verdicts) == 15


def test_a_no_to_offers_is_a_no_on_every_channel_and_to_nothing_else(db: Session, now: datetime) -> None:
    record(db, "c", topic="offers", granted=False, evidence={"source": "preferences"}, at=now)

    verdicts = allowed(db, ["c", "other"])

    assert {key for key, may in verdicts["c"].items() if not may} == {
        ("offers", channel) for channel in ("email", "sms", "whatsapp")
    }
    assert all(verdicts["other"].values())


def test_the_newest_word_stands_whether_it_is_about_one_channel_or_all(db: Session, now: datetime) -> None:
    record(db, "c", topic="news", channel="sms", granted=False, evidence={}, at=now)
    record(db, "c", topic="news", granted=True, evidence={}, at=now + timedelta(1))
    record(db, "c", topic="news", channel="email", granted=False, evidence={}, at=now + timedelta(2))

    verdicts = allowed(db, ["c"])["c"]

    assert verdicts["news", "sms"]
    assert not verdicts["news", "email"]


def test_what_belongs_to_the_contract_cannot_be_refused_by_email(db: Session, now: datetime) -> None:
    record(db, "c", topic="billing", granted=False, evidence={}, at=now)

    verdicts = allowed(db, ["c"])["c"]

    assert verdicts["billing", "email"]
    assert not verdicts["billing", "sms"]


def test_stop_is_kept_once_and_start_lifts_it(db: Session, now: datetime) -> None:
    point = ("sms", "+5511961234567")

    assert suppress(db, *point, reason="stop", evidence={"words": "PARE"}, at=now)
    assert not suppress(db, *point, reason="complaint", evidence={}, at=now)
    assert suppressed(db, [point, ("whatsapp", point[1])]) == {point: "stop"}

    assert lift(db, *point, at=now)
    assert not lift(db, *point, at=now)
    assert suppressed(db, [point]) == {}
    assert db.execute(text("SELECT count(*) FROM suppressions")).scalar_one() == 1
