"""Announce coming charges and ask how things are."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billing.facts import ChargeAnnounced, FeedbackDue
from billing.models import Subscription
from billing.subscriptions.upcoming import periods


def announce(db: Session, *, at: datetime) -> list[ChargeAnnounced]:
    """Announce the charges whose reminder is due by `at`, with what will be on the invoice."""
    due = periods(db, Subscription.remind_at <= at)
    if due:
        ids = [period.subscription_id for period in due]
        db.execute(update(Subscription).where(Subscription.id.in_(ids)).values(remind_at=None))
    return [
        ChargeAnnounced(
            subscription_id=period.subscription_id,
            at=at,
            invoice_id=period.invoice_id,
            currency=period.total.currency,
            period_start=period.start,
            period_end=period.end,
            lines=period.lines,
        )
        for period in due
    ]


def ask(db: Session, *, at: datetime) -> list[FeedbackDue]:
    """Ask the customers whose moment has come by `at`: would they recommend us, or how was it handled."""
    rows = db.execute(
        select(Subscription.id, Subscription.ask_about)
        .where(Subscription.ask_at <= at, Subscription.status != "canceled")
        .order_by(Subscription.id)
        .with_for_update()
    ).all()
    if rows:
        ids = [row.id for row in rows]
        db.execute(update(Subscription).where(Subscription.id.in_(ids)).values(ask_at=None, ask_about=""))
    return [
        FeedbackDue(
            subscription_id=row.id,
            at=at,
            survey_id=_survey_id(row.id, row.ask_about),
            question="nps" if row.ask_about == "start" else "csat",
        )
        for row in rows
    ]


def _survey_id(subscription_id: str, about: str) -> str:
    if about == "start":
        return f"srv_{subscription_id.removeprefix('sub_')}_start"
    return f"srv_{about.removeprefix('inv_')}_recovered"
