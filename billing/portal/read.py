"""What the customer's billing pages show."""

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billing.accounts.card import on_file
from billing.calendar import anniversary
from billing.dunning.schedule import is_hard
from billing.gateways.contract import Card
from billing.models import Account, Invoice, Payment, Plan, Subscription
from billing.payments.pay import next_attempt
from billing.portal.context import PayContext


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice as its customer sees it."""

    invoice_id: str
    number: str
    status: str
    plan: str
    amount: int
    currency: str
    due_on: date
    period_start: date
    last_day: date
    closed_at: datetime | None
    declined: Payment | None
    """The last attempt, if it was declined."""
    paid_with: Payment | None
    card: Card | None
    """On file."""
    card_is_dead: bool
    """The card on file was just declined for good: another one is offered first."""
    attempt: int
    """The number the next attempt will have."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription as its customer sees it."""

    subscription_id: str
    status: str
    plan: str
    amount: int
    currency: str
    interval: str
    started_on: date
    next_charge_on: date
    paid_through: date
    """Last day that is invoiced."""
    ends_on: date | None
    is_ending: bool
    """A cancellation was asked for and can still be taken back."""
    card: Card | None


def bill(db: Session, context: PayContext, invoice_id: str = "") -> Bill | None:
    """Return the customer's invoice of that id, or the one the message was about, or the oldest still owed, or None."""
    query = (
        select(Invoice, Plan.name)
        .join(Subscription, Subscription.id == Invoice.subscription_id)
        .join(Plan, Plan.id == Subscription.plan_id)
        .where(Subscription.account_id == context.customer_id)
    )
    row = db.execute(query.where(Invoice.id == (invoice_id or context.invoice_id or ""))).one_or_none()
    if row is None:
        open_ones = query.where(Invoice.status == "open").order_by(Invoice.due_on, Invoice.id).limit(1)
        row = db.execute(open_ones).one_or_none()
    return _bill(db, context, row) if row else None


def _bill(db: Session, context: PayContext, row: Row[*tuple[Any, ...]]) -> Bill:
    invoice: Invoice = row[0]
    last = db.scalars(
        select(Payment).where(Payment.invoice_id == invoice.id).order_by(Payment.number.desc()).limit(1)
    ).one_or_none()
    card = on_file(db, context.customer_id)
    declined = last if last and last.status == "declined" else None
    return Bill(
        invoice_id=invoice.id,
        number=invoice.number,
        status=invoice.status,
        plan=row[1],
        amount=invoice.amount,
        currency=invoice.currency,
        due_on=invoice.due_on,
        period_start=invoice.period_start,
        last_day=date.fromordinal(invoice.period_end.toordinal() - 1),
        closed_at=invoice.closed_at,
        declined=declined,
        paid_with=last if last and last.status == "approved" else None,
        card=card,
        card_is_dead=bool(declined and card and is_hard(declined.reason) and declined.last4 == card.last4),
        attempt=next_attempt(db, invoice.id),
    )


def standing(db: Session, context: PayContext) -> Standing | None:
    """Return the subscription the message was about, or else the customer's newest; None: there is none."""
    query = (
        select(Subscription, Plan)
        .join(Plan, Plan.id == Subscription.plan_id)
        .join(Account, Account.id == Subscription.account_id)
        .where(Account.id == context.customer_id)
        .order_by(
            (Subscription.id == (context.subscription_id or "")).desc(),
            (Subscription.status == "canceled"),
            Subscription.started_on.desc(),
        )
        .limit(1)
    )
    row = db.execute(query).one_or_none()
    if row is None:
        return None
    subscription, plan = row
    following = anniversary(subscription.started_on, plan.interval, subscription.periods)
    return Standing(
        subscription_id=subscription.id,
        status=subscription.status,
        plan=plan.name,
        amount=plan.amount,
        currency=plan.currency,
        interval=plan.interval,
        started_on=subscription.started_on,
        next_charge_on=following,
        paid_through=date.fromordinal(following.toordinal() - 1),
        ends_on=subscription.ends_on,
        is_ending=subscription.end_at is not None,
        card=on_file(db, context.customer_id),
    )
