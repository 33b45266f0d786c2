"""Charge a set of open invoices and write down the answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from billing.calendar import local_day, morning
from billing.dunning.schedule import after_decline
from billing.facts import PaymentSettled
from billing.gateways.contract import Approved, Card, Charge, Declined, Gateway
from billing.models import Invoice, Payment, Subscription
from billing.notices.timing import ask_after_recovery

Via = Literal["schedule", "customer"]


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """An open invoice, locked, and the card to charge it to."""

    invoice_id: str
    subscription_id: str
    amount: int
    currency: str
    timezone: str
    failed_at: datetime | None
    charge_at: datetime | None
    card: Card


def settle(db: Session, gateway: Gateway, owed: Sequence[Owed], *, via: Via, at: datetime) -> list[PaymentSettled]:
    """
    Charge each and store attempt, invoice and subscription as the answer says.

    The invoices and their subscriptions are locked by the caller. Should this transaction be lost after the gateway
    was asked, the same keys are asked again, and it answers the same.
    """
    numbers = _next_numbers(db, owed)
    charges = [_charge(one, numbers[one.invoice_id]) for one in owed]
    answers = gateway.charge(charges)
    settled = [_settled(one, c, a, via, at) for one, c, a in zip(owed, charges, answers, strict=True)]
    db.execute(
        insert(Payment),
        [_payment(one, c, a, via, at) for one, c, a in zip(owed, charges, answers, strict=True)],
    )
    outcomes = list(zip(owed, settled, strict=True))
    _close(db, [one for one, fact in outcomes if fact.outcome != "failed"], at)
    _ask_later(db, [one for one, fact in outcomes if fact.outcome == "recovered"], at)
    _plan_retries(db, [(one, fact) for one, fact in outcomes if fact.outcome == "failed"])
    return settled


def _next_numbers(db: Session, owed: Sequence[Owed]) -> dict[str, int]:
    ids = [one.invoice_id for one in owed]
    query = select(Payment.invoice_id, func.max(Payment.number)).where(Payment.invoice_id.in_(ids))
    made = {row[0]: row[1] for row in db.execute(query.group_by(Payment.invoice_id))}
    return {ident: made.get(ident, 0) + 1 for ident in ids}


def _charge(one: Owed, number: int) -> Charge:
    key = f"pay_{one.invoice_id.removeprefix('inv_')}_{number}"
    return Charge(key=key, token=one.card.token, attempt=number, amount=one.amount, currency=one.currency)


def _settled(one: Owed, charge: Charge, answer: Approved | Declined, via: Via, at: datetime) -> PaymentSettled:
    if isinstance(answer, Approved):
        outcome: Literal["recovered", "succeeded"] = "recovered" if one.failed_at else "succeeded"
        return PaymentSettled(subscription_id=one.subscription_id, at=at, payment_id=charge.key, outcome=outcome)
    today = local_day(at, one.timezone)
    first = local_day(one.failed_at, one.timezone) if one.failed_at else today
    verdict = after_decline(answer.reason, first_declined_on=first, today=today)
    retry_on = verdict.retry_on
    if via == "customer" and one.failed_at:
        # Another card was tried by hand: what was planned for the card on file stands.
        retry_on = local_day(one.charge_at, one.timezone) if one.charge_at else None
    return PaymentSettled(
        subscription_id=one.subscription_id,
        at=at,
        payment_id=charge.key,
        outcome="failed",
        next_attempt_on=retry_on,
        access_ends_on=verdict.access_ends_on,
    )


def _payment(one: Owed, charge: Charge, answer: Approved | Declined, via: Via, at: datetime) -> dict[str, Any]:
    return {
        "id": charge.key,
        "invoice_id": one.invoice_id,
        "number": charge.attempt,
        "via": via,
        "status": "approved" if isinstance(answer, Approved) else "declined",
        "reason": answer.reason if isinstance(answer, Declined) else None,
        "reference": answer.reference if isinstance(answer, Approved) else "",
        "amount": one.amount,
        "currency": one.currency,
        "brand": one.card.brand,
        "last4": one.card.last4,
        "at": at,
    }


def _close(db: Session, paid: Sequence[Owed], at: datetime) -> None:
    if not paid:
        return
    closed = {"status": "paid", "closed_at": at, "charge_at": None, "give_up_at": None}
    db.execute(update(Invoice).where(Invoice.id.in_([one.invoice_id for one in paid])).values(closed))
    late = [one.subscription_id for one in paid if one.failed_at]
    if late:
        db.execute(update(Subscription).where(Subscription.id.in_(late)).values(status="active"))


def _ask_later(db: Session, recovered: Sequence[Owed], at: datetime) -> None:
    for one in recovered:
        ask_at = morning(ask_after_recovery(local_day(at, one.timezone)), one.timezone)
        free = Subscription.id == one.subscription_id, Subscription.ask_at.is_(None)
        db.execute(update(Subscription).where(*free).values(ask_at=ask_at, ask_about=one.invoice_id))


def _plan_retries(db: Session, failed: Sequence[tuple[Owed, PaymentSettled]]) -> None:
    if not failed:
        return
    db.execute(update(Invoice), [_retry(one, fact) for one, fact in failed])
    late = [one.subscription_id for one, _ in failed]
    db.execute(update(Subscription).where(Subscription.id.in_(late)).values(status="past-due"))


def _retry(one: Owed, fact: PaymentSettled) -> dict[str, Any]:
    if fact.access_ends_on is None:
        raise AssertionError("a decline always says when access ends")
    return {
        "id": one.invoice_id,
        "failed_at": one.failed_at or fact.at,
        "charge_at": morning(fact.next_attempt_on, one.timezone) if fact.next_attempt_on else None,
        "give_up_at": morning(fact.access_ends_on, one.timezone),
    }
