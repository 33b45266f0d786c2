"""End what is due to end: cancellations whose paid time is over, and subscriptions that were never paid."""

from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billing.calendar import local_day
from billing.facts import Canceled
from billing.models import Account, Invoice, Subscription
from billing.subscriptions.cancel import close_open_invoices


def end(db: Session, *, at: datetime) -> int:
    """Let cancellations take effect whose time has come; return how many. The customer was told when they asked."""
    result = db.execute(
        update(Subscription)
        .where(Subscription.end_at <= at)
        .values(status="canceled", end_at=None)
        .returning(Subscription.id)
        .execution_options(synchronize_session=False)
    )
    return len(result.all())


def give_up(db: Session, *, at: datetime) -> list[Canceled]:
    """Cancel the subscriptions whose invoice is still unpaid at the end of the grace."""
    rows = db.execute(
        select(Subscription.id, Account.timezone)
        .join(Invoice, Invoice.subscription_id == Subscription.id)
        .join(Account, Account.id == Subscription.account_id)
        .where(Invoice.give_up_at <= at, Invoice.status == "open")
        .order_by(Subscription.id)
        .with_for_update(of=(Subscription, Invoice))
    ).all()
    if not rows:
        return []
    close_open_invoices(db, [row.id for row in rows], status="uncollectible", at=at)
    db.execute(update(Subscription), [_unpaid(row.id, local_day(at, row.timezone), at) for row in rows])
    return [Canceled(subscription_id=row.id, at=at, reason="unpaid") for row in rows]


def _unpaid(subscription_id: str, today: date, at: datetime) -> dict[str, object]:
    return {
        "id": subscription_id,
        "status": "canceled",
        "cancel_reason": "unpaid",
        "canceled_at": at,
        "ends_on": today,
        "renew_at": None,
        "remind_at": None,
        "ask_at": None,
        "bonus_at": None,
        "end_at": None,
    }
