"""Cancel a subscription, by the customer's wish, for want of payment or by the business; or keep it after all."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from billing.calendar import anniversary, local_day, morning
from billing.facts import Canceled, CancelReason
from billing.loyalty.milestones import following
from billing.models import Account, Invoice, Plan, Subscription
from billing.notices.timing import announce_on
from notifier.errors import Missing


class UnknownSubscription(Missing):
    """No subscription has that id."""


def cancel(
    db: Session, subscription_id: str, *, reason: CancelReason, at_period_end: bool, at: datetime
) -> list[Canceled]:
    """
    Cancel: nothing is charged, retried or announced from now on.

    With `at_period_end` access lasts as long as it is paid for; while an invoice is unpaid (or nothing was ever
    invoiced) there is nothing to wait for, and it ends today. Canceling what is canceled does nothing.

    Raises:
        UnknownSubscription: when there is none.
    """
    subscription, zone, paid_until = _locked(db, subscription_id)
    if subscription.status == "canceled" or (subscription.end_at and at_period_end):
        return []
    today = local_day(at, zone)
    waits = at_period_end and subscription.status == "active" and paid_until > today
    silent = subscription.end_at is not None
    close_open_invoices(db, [subscription_id], status="void", at=at)
    subscription.ends_on = paid_until - timedelta(days=1) if waits else today
    subscription.end_at = morning(paid_until, zone) if waits else None
    subscription.status = subscription.status if waits else "canceled"
    subscription.cancel_reason, subscription.canceled_at = reason, at
    subscription.renew_at = subscription.remind_at = subscription.ask_at = subscription.bonus_at = None
    db.flush()
    return [] if silent else [Canceled(subscription_id=subscription_id, at=at, reason=reason)]


def keep(db: Session, subscription_id: str, *, at: datetime) -> bool:
    """Take back a cancellation that has not taken effect; False when there is none."""
    subscription, zone, paid_until = _locked(db, subscription_id)
    if subscription.status == "canceled" or subscription.end_at is None or subscription.end_at <= at:
        return False
    today = local_day(at, zone)
    plan = db.get_one(Plan, subscription.plan_id)
    remind_at = morning(announce_on(paid_until, plan.interval), zone)
    months, bonus_on = following(subscription.started_on, today)
    subscription.end_at = subscription.ends_on = subscription.canceled_at = None
    subscription.cancel_reason = ""
    subscription.renew_at = morning(paid_until, zone)
    subscription.remind_at = remind_at if remind_at > at else None
    subscription.bonus_at, subscription.bonus_months = morning(bonus_on, zone), months
    db.flush()
    return True


def close_open_invoices(db: Session, subscription_ids: Sequence[str], *, status: str, at: datetime) -> None:
    """Owe nothing any more: open invoices become `void` or `uncollectible`, and no attempt is left."""
    db.execute(
        update(Invoice)
        .where(Invoice.subscription_id.in_(subscription_ids), Invoice.status == "open")
        .values(status=status, closed_at=at, charge_at=None, give_up_at=None)
        .execution_options(synchronize_session=False)
    )


def _locked(db: Session, subscription_id: str) -> tuple[Subscription, str, date]:
    subscription = db.get(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    if subscription is None:
        raise UnknownSubscription(f"There is no subscription {subscription_id!r}.")
    plan = db.get_one(Plan, subscription.plan_id)
    zone = db.get_one(Account, subscription.account_id).timezone
    return subscription, zone, anniversary(subscription.started_on, plan.interval, subscription.periods)
