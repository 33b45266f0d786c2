"""The demo's business is believable and valid."""

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from billing.models import Account, Subscription
from billing.run import perform_due
from billing.seed import seed


def test_every_seeded_customer_can_be_written_to(db: Session, now: datetime) -> None:
    assert seed(db, now=now) == 250

    accounts = db.scalars(select(Account)).all()
    assert len({account.email for account in accounts}) == len({account.phone for account in accounts}) == 250
    assert len({account.name for account in accounts}) == 250
    for account in accounts:
        number = phonenumbers.parse(account.phone or "")
        assert phonenumbers.is_valid_number(number), account.phone
        assert phonenumbers.number_type(number) in {
            phonenumbers.PhoneNumberType.MOBILE,
            phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
        }, account.phone
        assert phonenumbers.region_code_for_number(number) == account.country
        assert ZoneInfo(account.timezone)
    assert {account.locale[:2] for account in accounts} == {"pt", "en", "es"}


def test_the_same_dice_plant_the_same_business(db: Session, now: datetime) -> None:
    def planted() -> list[str]:
        with db.begin_nested() as savepoint:
            seed(db, now=now)
            rows = db.execute(text("SELECT to_jsonb(s)::text FROM billing_subscriptions s ORDER BY id")).scalars()
            listed = list(rows)
            savepoint.rollback()
        return listed

    assert planted() == planted()


def test_a_played_month_holds_every_kind_of_event(db: Session, now: datetime) -> None:
    seed(db, now=now)

    began = time.process_time()
    done = perform_due(db, now=now + timedelta(days=31))
    took = time.process_time() - began

    counts = {
        row.type: row.count
        for row in db.execute(text("SELECT type, count(*) AS count FROM triggers GROUP BY type")).all()
    }
    assert counts["payment.succeeded"] > 150
    assert counts["invoice.upcoming"] > 150
    assert counts["payment.failed"] > 30
    assert counts["payment.recovered"] > 10
    assert counts["subscription.canceled"] > 5
    assert counts["feedback.requested"] > 20
    assert counts["loyalty.bonus_granted"] > 15
    assert done.instants <= 250
    assert took < 8  # seconds of our own processor time, whoever else uses the machine


def test_nothing_seeded_is_overdue(db: Session, now: datetime) -> None:
    seed(db, now=now)

    assert db.scalar(select(func.min(Subscription.renew_at))) > now
    assert perform_due(db, now=now).is_nothing
