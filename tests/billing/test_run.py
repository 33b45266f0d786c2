"""A year of billing, performed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.calendar import morning
from billing.gateways.sandbox import Sandbox, card
from billing.models import Bonus, Invoice, Subscription
from billing.payments.pay import next_attempt, pay
from billing.run import Stuck, next_due, perform_due
from billing.subscriptions.cancel import cancel, keep
from tests.billing.cast import SAO_PAULO, emitted, everything, make_subscription


def until(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 23, tzinfo=UTC)


def test_an_anchor_on_the_31st_is_charged_on_the_last_day_of_short_months(db: Session) -> None:
    make_subscription(db, started_on=date(2026, 1, 31))

    perform_due(db, now=until(2026, 4, 30))

    days = db.scalars(select(Invoice.due_on).order_by(Invoice.due_on)).all()
    assert days == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]


def test_each_thing_happens_at_nine_on_its_own_day(db: Session) -> None:
    make_subscription(db, started_on=date(2026, 1, 31))

    perform_due(db, now=until(2026, 2, 28))

    assert emitted(db) == [
        ("payment.succeeded:inv_cem_20260131:1", morning(date(2026, 1, 31), SAO_PAULO)),
        ("feedback.requested:srv_cem_start", morning(date(2026, 2, 14), SAO_PAULO)),
        ("invoice.upcoming:inv_cem_20260228", morning(date(2026, 2, 23), SAO_PAULO)),
        ("payment.succeeded:inv_cem_20260228:1", morning(date(2026, 2, 28), SAO_PAULO)),
    ]


def test_performing_twice_does_it_once(db: Session) -> None:
    make_subscription(db)
    perform_due(db, now=until(2026, 5, 1))
    before = everything(db)

    again = perform_due(db, now=until(2026, 5, 1))

    assert again.is_nothing
    assert everything(db) == before


def test_one_leap_makes_the_history_of_many_small_steps(db: Session) -> None:
    start, end = until(2026, 1, 30), until(2026, 4, 15)
    nested = db.begin_nested()
    _business(db)
    perform_due(db, now=end)
    leap = everything(db)
    nested.rollback()

    _business(db)
    for day in range((end - start).days + 1):
        perform_due(db, now=start + timedelta(days=day))

    assert everything(db) == leap


def _business(db: Session) -> None:
    make_subscription(db, "cem")
    make_subscription(db, "dia", declines="insufficient-funds", times=2)
    make_subscription(db, "ana", declines="lost-card", zone="Europe/Madrid")
    make_subscription(db, "leo", declines="try-again-later", zone="America/Los_Angeles")
    db.expunge_all()


def test_a_payment_declined_twice_is_recovered_and_asked_about(db: Session) -> None:
    make_subscription(db, declines="insufficient-funds", times=2)

    perform_due(db, now=until(2026, 2, 10))

    names = [name for name, _ in emitted(db)]
    assert names == [
        "payment.failed:inv_cem_20260131:1",
        "payment.failed:inv_cem_20260131:2",
        "payment.recovered:inv_cem_20260131:3",
    ]
    assert db.scalars(select(Subscription.status)).one() == "active"


def test_what_is_never_paid_is_canceled_and_nothing_follows(db: Session) -> None:
    make_subscription(db, declines="card-declined")

    perform_due(db, now=until(2027, 3, 1))

    names = [name for name, _ in emitted(db)]
    assert names == [
        *(f"payment.failed:inv_cem_20260131:{attempt}" for attempt in range(1, 5)),
        "subscription.canceled:sub_cem:2026-02-14",
    ]
    assert next_due(db) is None
    assert db.scalars(select(Invoice.status)).all() == ["uncollectible"]


def test_a_lost_card_is_tried_once_and_the_customer_has_two_weeks(db: Session) -> None:
    make_subscription(db, declines="lost-card")

    perform_due(db, now=until(2026, 2, 13))
    assert [name for name, _ in emitted(db, "payment.%")] == ["payment.failed:inv_cem_20260131:1"]
    assert emitted(db, "subscription.canceled") == []

    perform_due(db, now=until(2026, 2, 14))
    assert len(emitted(db, "subscription.canceled")) == 1


def test_paying_by_hand_recovers_once_however_often_the_button_is_pressed(db: Session) -> None:
    make_subscription(db, declines="expired-card")
    perform_due(db, now=until(2026, 2, 1))
    ident = "inv_cem_20260131"
    attempt, at = next_attempt(db, ident), until(2026, 2, 2)

    first = pay(db, Sandbox(), ident, card=card("Mastercard", "4444"), attempt=attempt, at=at)
    second = pay(db, Sandbox(), ident, card=card("Mastercard", "4444"), attempt=attempt, at=at)

    assert [fact.outcome for fact in first] == ["recovered"]
    assert second == []
    perform_due(db, now=until(2026, 3, 1))
    assert emitted(db, "payment.succeeded")[-1][0] == "payment.succeeded:inv_cem_20260228:1"


def test_a_second_decline_by_hand_leaves_the_planned_retry(db: Session) -> None:
    make_subscription(db, declines="insufficient-funds")
    perform_due(db, now=until(2026, 2, 1))
    planned = db.scalars(select(Invoice.charge_at)).one()

    facts = pay(
        db, Sandbox(), "inv_cem_20260131", card=card("Visa", "0069", "expired-card"), attempt=2, at=until(2026, 2, 2)
    )

    assert facts[0].outcome == "failed"
    assert facts[0].next_attempt_on == date(2026, 2, 3)
    assert db.scalars(select(Invoice.charge_at)).one() == planned


def test_after_a_cancellation_nothing_is_charged_or_announced(db: Session) -> None:
    make_subscription(db)
    perform_due(db, now=until(2026, 2, 1))

    facts = cancel(db, "sub_cem", reason="customer", at_period_end=True, at=until(2026, 2, 2))
    again = cancel(db, "sub_cem", reason="customer", at_period_end=True, at=until(2026, 2, 2))
    perform_due(db, now=until(2027, 3, 1))

    assert len(facts) == 1
    assert again == []
    subscription = db.get_one(Subscription, "sub_cem", populate_existing=True)
    assert (subscription.status, subscription.ends_on) == ("canceled", date(2026, 2, 27))
    assert [name for name, _ in emitted(db)] == ["payment.succeeded:inv_cem_20260131:1"]


def test_canceling_while_an_invoice_is_unpaid_owes_nothing_any_more(db: Session) -> None:
    make_subscription(db, declines="insufficient-funds")
    perform_due(db, now=until(2026, 2, 1))

    cancel(db, "sub_cem", reason="customer", at_period_end=True, at=until(2026, 2, 2))
    perform_due(db, now=until(2026, 6, 1))

    assert db.scalars(select(Invoice.status)).all() == ["void"]
    assert [name for name, _ in emitted(db, "payment.%")] == ["payment.failed:inv_cem_20260131:1"]


def test_a_kept_subscription_goes_on_as_if_nothing_had_been_said(db: Session) -> None:
    make_subscription(db)
    perform_due(db, now=until(2026, 2, 1))
    cancel(db, "sub_cem", reason="customer", at_period_end=True, at=until(2026, 2, 2))

    kept = keep(db, "sub_cem", at=until(2026, 2, 3))
    perform_due(db, now=until(2026, 2, 28))

    assert kept
    assert [name for name, _ in emitted(db, "invoice.upcoming")] == ["invoice.upcoming:inv_cem_20260228"]
    assert db.get_one(Subscription, "sub_cem", populate_existing=True).periods == 2


def test_a_year_earns_a_bonus_that_is_announced_and_taken_off_the_next_invoice(db: Session) -> None:
    make_subscription(db, started_on=date(2026, 1, 10))

    perform_due(db, now=until(2027, 2, 10))

    bonus = db.scalars(select(Bonus)).one()
    assert (bonus.months, bonus.amount, bonus.invoice_id) == (12, 1995, "inv_cem_20270210")
    amounts = db.scalars(select(Invoice.amount).order_by(Invoice.period_start)).all()
    assert amounts == [3990] * 13 + [1995]
    numbers = db.scalars(select(Invoice.number).order_by(Invoice.period_start)).all()
    assert numbers[0] == "2026-000001"
    assert numbers[11:] == ["2026-000012", "2027-000001", "2027-000002"]


def test_rows_that_contradict_each_other_are_named_instead_of_tried_for_ever(db: Session) -> None:
    subscription = make_subscription(db)
    subscription.status = "canceled"
    db.flush()

    with pytest.raises(Stuck, match="renew_at"):
        perform_due(db, now=until(2026, 2, 1))
