"""Begin the periods that are due: issue their invoices and look ahead to the next."""

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from billing.calendar import morning
from billing.invoices import issue
from billing.models import Subscription
from billing.notices.timing import announce_on
from billing.subscriptions.upcoming import Period, periods


def renew(db: Session, *, at: datetime) -> int:
    """Invoice every period due by `at`, to be charged at once; return how many."""
    due = periods(db, Subscription.renew_at <= at)
    if due:
        issue.issue(db, due, at=at)
        db.execute(update(Subscription), [_ahead(period, at) for period in due])
    return len(due)


def _ahead(period: Period, at: datetime) -> dict[str, Any]:
    remind_at = morning(announce_on(period.end, period.interval), period.timezone)
    return {
        "id": period.subscription_id,
        "periods": period.number + 1,
        "renew_at": morning(period.end, period.timezone),
        "remind_at": remind_at if remind_at > at else None,
    }
