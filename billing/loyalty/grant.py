"""Grant the bonuses that are due."""

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from billing.calendar import local_day, morning
from billing.facts import BonusGranted
from billing.loyalty.milestones import bonus, expires_on, following
from billing.models import Account, Bonus, Plan, Subscription
from billing.money import Money


def grant(db: Session, *, at: datetime) -> list[BonusGranted]:
    """Thank the customers whose milestone is due by `at`, and look ahead to their next."""
    rows = db.execute(
        select(
            Subscription.id,
            Subscription.started_on,
            Subscription.bonus_months,
            Plan.amount,
            Plan.currency,
            Plan.interval,
            Account.timezone,
        )
        .join(Plan, Plan.id == Subscription.plan_id)
        .join(Account, Account.id == Subscription.account_id)
        .where(Subscription.bonus_at <= at, Subscription.status != "canceled")
        .order_by(Subscription.id)
        .with_for_update(of=Subscription)
    ).all()
    granted, ahead = [], []
    for row in rows:
        today = local_day(at, row.timezone)
        granted.append(
            {
                "id": f"bon_{row.id.removeprefix('sub_')}_{row.bonus_months}",
                "subscription_id": row.id,
                "months": row.bonus_months,
                "amount": bonus(Money(minor=row.amount, currency=row.currency), row.interval, row.bonus_months).minor,
                "currency": row.currency,
                "granted_at": at,
                "expires_on": expires_on(today, row.interval),
            }
        )
        months, day = following(row.started_on, today)
        ahead.append({"id": row.id, "bonus_at": morning(day, row.timezone), "bonus_months": months})
    if rows:
        db.execute(insert(Bonus), granted)
        db.execute(update(Subscription), ahead)
    return [BonusGranted(subscription_id=one["subscription_id"], at=at, bonus_id=one["id"]) for one in granted]
