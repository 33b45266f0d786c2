"""What the next period of a set of subscriptions will cost: what is announced is what is then invoiced."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.orm import Session

from billing.calendar import anniversary
from billing.facts import Line
from billing.models import Account, Bonus, Plan, Subscription
from billing.money import Money
from notifier.i18n import catalogs


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """One period of one subscription, as it is (to be) invoiced."""

    subscription_id: str
    invoice_id: str
    number: int
    """From 0."""
    interval: str
    timezone: str
    start: date
    end: date
    """First day that is not part of it."""
    total: Money
    lines: list[Line]
    bonus_ids: list[str]


def periods(db: Session, due: ColumnElement[bool]) -> list[Period]:
    """Lock the subscriptions for which `due` holds, in order of their ids, and return the next period of each."""
    rows = db.execute(
        select(
            Subscription.id,
            Subscription.started_on,
            Subscription.periods,
            Plan.name,
            Plan.amount,
            Plan.currency,
            Plan.interval,
            Account.timezone,
            Account.locale,
        )
        .join(Plan, Plan.id == Subscription.plan_id)
        .join(Account, Account.id == Subscription.account_id)
        .where(due, Subscription.status != "canceled", Subscription.end_at.is_(None))
        .order_by(Subscription.id)
        .with_for_update(of=Subscription)
    ).all()
    unused = _unused_bonuses(db, [row.id for row in rows])
    return [_period(row, unused[row.id]) for row in rows]


def invoice_id(subscription_id: str, start: date) -> str:
    """Derive an invoice's id from what it is for."""
    return f"inv_{subscription_id.removeprefix('sub_')}_{start:%Y%m%d}"


def _unused_bonuses(db: Session, subscription_ids: Sequence[str]) -> defaultdict[str, list[Bonus]]:
    found: defaultdict[str, list[Bonus]] = defaultdict(list)
    if subscription_ids:
        query = select(Bonus).where(Bonus.subscription_id.in_(subscription_ids), Bonus.invoice_id.is_(None))
        for bonus in db.scalars(query.order_by(Bonus.months)):
            found[bonus.subscription_id].append(bonus)
    return found


def _period(row: Row[*tuple[Any, ...]], unused: Sequence[Bonus]) -> Period:
    start = anniversary(row.started_on, row.interval, row.periods)
    usable = [bonus for bonus in unused if bonus.expires_on >= start and bonus.currency == row.currency]
    price = Money(minor=row.amount, currency=row.currency)
    lines, total = compose(row.name, price, usable, locale=row.locale)
    return Period(
        subscription_id=row.id,
        invoice_id=invoice_id(row.id, start),
        number=row.periods,
        interval=row.interval,
        timezone=row.timezone,
        start=start,
        end=anniversary(row.started_on, row.interval, row.periods + 1),
        total=total,
        lines=lines,
        bonus_ids=[bonus.id for bonus in usable[: len(lines) - 1]],
    )


def compose(plan: str, price: Money, bonuses: Sequence[Bonus], *, locale: str) -> tuple[list[Line], Money]:
    """Return the lines and their sum; bonuses are taken off in order, as long as something is left to pay."""
    _ = catalogs.translations(catalogs.match(locale)).gettext
    lines, total = [Line(kind="plan", description=plan, amount=price.minor)], price
    for bonus in bonuses:
        if bonus.amount >= total.minor:
            break
        lines.append(Line(kind="bonus", description=_("Loyalty bonus"), amount=-bonus.amount))
        total -= Money(minor=bonus.amount, currency=bonus.currency)
    return lines, total
