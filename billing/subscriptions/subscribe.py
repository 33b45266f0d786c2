"""Begin a subscription."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from billing.calendar import morning
from billing.loyalty.milestones import following
from billing.models import Account, Plan, Subscription
from billing.notices.timing import ask_after_start


def subscribe(
    db: Session, subscription_id: str, *, account: Account, plan: Plan, started_on: date, at: datetime
) -> Subscription:
    """Begin on `started_on` (customer's calendar); the first period falls due that morning, or now if that is past."""
    zone = account.timezone
    months, bonus_on = following(started_on, started_on)
    subscription = Subscription(
        id=subscription_id,
        account_id=account.id,
        plan_id=plan.id,
        status="active",
        started_on=started_on,
        renew_at=max(morning(started_on, zone), at),
        ask_at=morning(ask_after_start(started_on), zone),
        ask_about="start",
        bonus_at=morning(bonus_on, zone),
        bonus_months=months,
    )
    db.add(subscription)
    db.flush()
    return subscription
