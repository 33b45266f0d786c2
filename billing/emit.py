"""Billing's only door to the notifier: what billing did becomes triggers, accepted in the same transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_args

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing import facts
from billing.calendar import local_day
from billing.models import Account, Bonus, Invoice, InvoiceLine, Payment, PaymentMethod, Plan, Subscription
from notifier.catalog import lifecycle, shapes, types
from notifier.errors import NotifierError
from notifier.intake.accept import accept
from notifier.intake.events import Event

SOURCE = "billing"


class TriggerRefused(NotifierError):
    """The notifier refused a trigger of ours: billing and the catalog of trigger types disagree."""


class _Subject:
    """Everything triggers say of a subscription that is not the news itself."""

    def __init__(self, account: Account, subscription: Subscription, plan: Plan, card: PaymentMethod | None) -> None:
        self.customer = shapes.Customer(
            id=account.id,
            name=account.name,
            locale=account.locale,
            timezone=account.timezone,
            country=account.country,
            email=account.email,
            phone=account.phone,
        )
        self.subscription = shapes.Subscription(
            id=subscription.id,
            plan=plan.name,
            amount=plan.amount,
            currency=plan.currency,
            interval="year" if plan.interval == "year" else "month",
            started_on=subscription.started_on,
            ends_on=subscription.ends_on,
        )
        self.payment_method = shapes.PaymentMethod(
            brand=card.brand if card else "—", last4=card.last4 if card else "0000"
        )
        self.timezone = account.timezone


def emit(db: Session, happened: Sequence[facts.Fact], *, now: datetime) -> int:
    """Make triggers of what just happened and hand them over; return how many were new."""
    return hand_over(db, triggers(db, happened), now=now)


def hand_over(db: Session, events: Sequence[Event], *, now: datetime) -> int:
    """
    Have the notifier accept triggers, in order; return how many were new.

    Safe to repeat: each id derives from the business fact.

    Raises:
        TriggerRefused: the notifier does not take one of them; the transaction should not be committed.
    """
    if not events:
        return 0
    results = accept(db, events, now=now)
    for result in results:
        if result.status == "refused":
            raise TriggerRefused(f"{result.id}: {result.errors}")
    return sum(result.status == "accepted" for result in results)


def triggers(db: Session, happened: Sequence[facts.Fact]) -> list[Event]:
    """Make the trigger of each fact, with everything a message may say about it; billing as it is now is described."""
    if not happened:
        return []
    subjects = _subjects(db, {fact.subscription_id for fact in happened})
    payments = _payments(db, [fact.payment_id for fact in happened if isinstance(fact, facts.PaymentSettled)])
    bonuses = _bonuses(db, [fact.bonus_id for fact in happened if isinstance(fact, facts.BonusGranted)])
    events = []
    for fact in happened:
        subject = subjects[fact.subscription_id]
        match fact:
            case facts.ChargeAnnounced():
                events.append(_invoice_upcoming(fact, subject))
            case facts.PaymentSettled():
                events.append(_payment_settled(fact, subject, *payments[fact.payment_id]))
            case facts.Canceled():
                events.append(_subscription_canceled(fact, subject))
            case facts.FeedbackDue():
                events.append(_feedback_requested(fact, subject))
            case facts.BonusGranted():
                events.append(_bonus_granted(fact, subject, bonuses[fact.bonus_id]))
    return events


def _invoice_upcoming(fact: facts.ChargeAnnounced, subject: _Subject) -> Event:
    invoice = shapes.Invoice(
        id=fact.invoice_id,
        number=fact.invoice_id,  # numbers are given when an invoice is issued
        amount=sum(line.amount for line in fact.lines),
        currency=fact.currency,
        due_on=fact.period_start,
        period_start=fact.period_start,
        period_end=fact.period_end,
        lines=[shapes.Line(description=line.description, amount=line.amount) for line in fact.lines],
    )
    data = lifecycle.InvoiceUpcoming(
        customer=subject.customer,
        subscription=subject.subscription,
        invoice=invoice,
        payment_method=subject.payment_method,
    )
    return _event("invoice.upcoming", fact.invoice_id, fact, data)


_PAYMENT_DATA: dict[facts.Outcome, type[lifecycle.PaymentSucceeded | lifecycle.PaymentRecovered]] = {
    "succeeded": lifecycle.PaymentSucceeded,
    "failed": lifecycle.PaymentFailed,
    "recovered": lifecycle.PaymentRecovered,
}


def _payment_settled(fact: facts.PaymentSettled, subject: _Subject, payment: Payment, invoice: shapes.Invoice) -> Event:
    data = _PAYMENT_DATA[fact.outcome](
        customer=subject.customer,
        subscription=subject.subscription,
        invoice=invoice,
        payment=shapes.Payment(
            id=payment.id,
            attempt=payment.number,
            reason=_reason(payment.reason),
            next_attempt_on=fact.next_attempt_on,
            access_ends_on=fact.access_ends_on,
        ),
        payment_method=shapes.PaymentMethod(brand=payment.brand, last4=payment.last4),
    )
    return _event(f"payment.{fact.outcome}", f"{invoice.id}:{payment.number}", fact, data)


def _subscription_canceled(fact: facts.Canceled, subject: _Subject) -> Event:
    data = lifecycle.SubscriptionCanceled(
        customer=subject.customer, subscription=subject.subscription, reason=fact.reason
    )
    # One may cancel, keep and cancel again: each day's wish is a fact of its own.
    return _event("subscription.canceled", f"{fact.subscription_id}:{local_day(fact.at, subject.timezone)}", fact, data)


def _feedback_requested(fact: facts.FeedbackDue, subject: _Subject) -> Event:
    data = lifecycle.FeedbackRequested(
        customer=subject.customer,
        subscription=subject.subscription,
        survey=shapes.Survey(id=fact.survey_id, question=fact.question),
    )
    return _event("feedback.requested", fact.survey_id, fact, data)


def _bonus_granted(fact: facts.BonusGranted, subject: _Subject, bonus: Bonus) -> Event:
    data = lifecycle.LoyaltyBonusGranted(
        customer=subject.customer,
        subscription=subject.subscription,
        bonus=shapes.Bonus(
            id=bonus.id,
            amount=bonus.amount,
            currency=bonus.currency,
            months=bonus.months,
            expires_on=bonus.expires_on,
        ),
    )
    return _event("loyalty.bonus_granted", fact.bonus_id, fact, data)


def _event(kind: str, about: str, fact: facts.Fact, data: lifecycle.TriggerData) -> Event:
    return Event(
        id=f"{kind}:{about}",
        source=SOURCE,
        type=kind,
        version=types.get(kind).version,
        customer_id=str(data.customer.id),
        time=fact.at,
        data=msgspec.json.encode(data),
        customer=data.customer,
    )


def _reason(stored: str | None) -> shapes.DeclineReason | None:
    known: dict[str, shapes.DeclineReason] = {reason: reason for reason in get_args(shapes.DeclineReason)}
    return known.get(stored, "card-declined") if stored else None


def _subjects(db: Session, subscription_ids: set[str]) -> dict[str, _Subject]:
    rows = db.execute(
        select(Subscription, Account, Plan, PaymentMethod)
        .join(Account, Account.id == Subscription.account_id)
        .join(Plan, Plan.id == Subscription.plan_id)
        .outerjoin(PaymentMethod, (PaymentMethod.account_id == Account.id) & PaymentMethod.replaced_at.is_(None))
        .where(Subscription.id.in_(subscription_ids))
        .execution_options(populate_existing=True)
    )
    return {subscription.id: _Subject(account, subscription, plan, card) for subscription, account, plan, card in rows}


def _payments(db: Session, payment_ids: Sequence[str]) -> dict[str, tuple[Payment, shapes.Invoice]]:
    if not payment_ids:
        return {}
    rows = db.execute(
        select(Payment, Invoice)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .where(Payment.id.in_(payment_ids))
        .execution_options(populate_existing=True)
    ).all()
    lines: dict[str, list[shapes.Line]] = {}
    ids = [invoice.id for _, invoice in rows]
    for line in db.scalars(
        select(InvoiceLine)
        .where(InvoiceLine.invoice_id.in_(ids))
        .order_by(InvoiceLine.invoice_id, InvoiceLine.position)
    ):
        shown = shapes.Line(description=line.description, quantity=line.quantity, amount=line.amount)
        lines.setdefault(line.invoice_id, []).append(shown)
    return {payment.id: (payment, _invoice(invoice, lines[invoice.id])) for payment, invoice in rows}


def _invoice(invoice: Invoice, lines: list[shapes.Line]) -> shapes.Invoice:
    return shapes.Invoice(
        id=invoice.id,
        number=invoice.number,
        amount=invoice.amount,
        currency=invoice.currency,
        due_on=invoice.due_on,
        period_start=invoice.period_start,
        period_end=invoice.period_end,
        lines=lines,
    )


def _bonuses(db: Session, bonus_ids: Sequence[str]) -> dict[str, Any]:
    if not bonus_ids:
        return {}
    return {bonus.id: bonus for bonus in db.scalars(select(Bonus).where(Bonus.id.in_(bonus_ids)))}
