"""Plant a believable business for the demo: customers in three languages, mid-life, some with failing cards."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import msgspec
from sqlalchemy import insert
from sqlalchemy.orm import Session

from billing.calendar import anniversary, local_day, morning
from billing.gateways.contract import Card
from billing.gateways.sandbox import card
from billing.invoices.issue import number
from billing.loyalty.milestones import following
from billing.models import (
    Account,
    Invoice,
    InvoiceLine,
    InvoiceNumber,
    Payment,
    PaymentMethod,
    Subscription,
)
from billing.notices.timing import announce_on, ask_after_start
from billing.people import Person, people
from billing.products.plans import MONTHS_PER_YEAR_PAID, PRICES, offer, plan_id
from billing.subscriptions.upcoming import invoice_id

#: How the cards of every hundred customers fail: (reason, how often for each invoice; None: always), and how many.
_FAILING: tuple[tuple[str, int | None, int], ...] = (
    ("insufficient-funds", 1, 3), ("insufficient-funds", 2, 1), ("try-again-later", 1, 2), ("card-declined", 1, 1),
    ("insufficient-funds", None, 2), ("expired-card", None, 2), ("lost-card", None, 1), ("card-declined", None, 1),
)  # fmt: skip
_BRANDS = ("Visa", "Mastercard", "Elo", "American Express")
_YEARLY_OF_TEN = 1


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """One seeded customer: who, what they pay, and where in their life they are."""

    key: str
    person: Person
    plan: str
    interval: str
    price: int
    card: Card
    started_on: date
    periods: int
    """Paid so far."""

    @property
    def subscription_id(self) -> str:
        return f"sub_{self.key}"

    def begins_on(self, period: int) -> date:
        return anniversary(self.started_on, self.interval, period)


def seed(db: Session, *, now: datetime, customers: int = 250, dice: int = 1) -> int:
    """
    Plant customers whose next thirty days hold every kind of event; return how many.

    `now` is business time. The same `now` and `dice` plant the same business; an empty billing is expected.
    """
    throw = Random(dice)  # noqa: S311 - nothing secret: the demo should look the same every time
    lives = [_life(place, person, now, throw) for place, person in enumerate(people(customers, throw))]
    offer(db)
    db.execute(insert(Account), [_account(life) for life in lives])
    db.execute(insert(PaymentMethod), [_method(life) for life in lives])
    db.execute(insert(Subscription), [_subscription(life, now) for life in lives])
    _paid_invoices(db, lives)
    return len(lives)


def _life(place: int, person: Person, now: datetime, throw: Random) -> Life:
    today = local_day(now, person.town.timezone)
    slot = place % 100
    failing = _failing(slot)
    interval = "year" if failing is None and slot % 10 < _YEARLY_OF_TEN else "month"
    plan = throw.choices(list(PRICES), weights=(3, 5, 3, 2))[0]
    price = PRICES[plan][person.town.currency] * (MONTHS_PER_YEAR_PAID if interval == "year" else 1)
    # Due from tomorrow on, a like number each day; after a month some declines have run their course, some have not.
    days = throw.randint(1, 28) if failing else throw.randint(1, 300) if interval == "year" else 1 + place % 30
    periods = _periods(interval, slot, throw)
    started_on = anniversary(today + timedelta(days=days), interval, -periods)
    last4 = f"{throw.randrange(10_000):04d}"
    reason, times, _ = failing or ("", None, 0)
    return Life(
        key=f"{throw.getrandbits(40):010x}",
        person=person,
        plan=plan,
        interval=interval,
        price=price,
        card=card(throw.choices(_BRANDS, weights=(5, 4, 2, 1))[0], last4, reason, times),
        started_on=started_on,
        periods=periods,
    )


def _failing(slot: int) -> tuple[str, int | None, int] | None:
    """Spread the failing cards over a hundred customers, every seventh."""
    order = [kind for kind in _FAILING for _ in range(kind[2])]
    turn, rest = divmod(slot, 7)
    return order[turn] if rest == 3 and turn < len(order) else None


def _periods(interval: str, slot: int, throw: Random) -> int:
    if interval == "year":
        return throw.randint(1, 3)
    if slot % 10 == 4:
        return 12  # a year complete with the next charge
    return 1 if slot % 5 == 1 else throw.randint(2, 30)


def _account(life: Life) -> dict[str, Any]:
    town = life.person.town
    return {
        "id": f"cus_{life.key}",
        "name": life.person.name,
        "locale": town.locale,
        "timezone": town.timezone,
        "country": town.country,
        "email": life.person.email,
        "phone": life.person.phone,
        "opened_at": morning(life.started_on, town.timezone),
    }


def _method(life: Life) -> dict[str, Any]:
    return {
        "account_id": f"cus_{life.key}",
        "token": life.card.token,
        "brand": life.card.brand,
        "last4": life.card.last4,
        "added_at": morning(life.started_on, life.person.town.timezone),
    }


def _subscription(life: Life, now: datetime) -> dict[str, Any]:
    zone = life.person.town.timezone
    today = local_day(now, zone)
    renews_on = life.begins_on(life.periods)
    remind_at = morning(announce_on(renews_on, life.interval), zone)
    ask_at = morning(ask_after_start(life.started_on), zone)
    months, bonus_on = following(life.started_on, today)
    return {
        "id": life.subscription_id,
        "account_id": f"cus_{life.key}",
        "plan_id": plan_id(life.plan, life.interval, life.person.town.currency),
        "started_on": life.started_on,
        "periods": life.periods,
        "renew_at": morning(renews_on, zone),
        "remind_at": remind_at if remind_at > now else None,
        "ask_at": ask_at if ask_at > now else None,
        "ask_about": "start" if ask_at > now else "",
        "bonus_at": morning(bonus_on, zone),
        "bonus_months": months,
    }


def _paid_invoices(db: Session, lives: list[Life]) -> None:
    """Give everybody the paid invoice of the period they are in, numbered in order of date."""
    counts: dict[int, int] = {}
    invoices, lines, payments = [], [], []
    for life in sorted(lives, key=lambda life: (life.begins_on(life.periods - 1), life.key)):
        start = life.begins_on(life.periods - 1)
        counts[start.year] = counts.get(start.year, 0) + 1
        at = morning(start, life.person.town.timezone)
        ident, currency = invoice_id(life.subscription_id, start), life.person.town.currency
        invoices.append({
            "id": ident, "number": number(start.year, counts[start.year]), "subscription_id": life.subscription_id,
            "status": "paid", "amount": life.price, "currency": currency, "due_on": start, "period_start": start,
            "period_end": life.begins_on(life.periods), "issued_at": at, "closed_at": at,
        })  # fmt: skip
        lines.append({"invoice_id": ident, "position": 0, "kind": "plan", "description": life.plan,
                      "amount": life.price})  # fmt: skip
        payments.append({
            "id": f"pay_{ident.removeprefix('inv_')}_1", "invoice_id": ident, "number": 1, "via": "schedule",
            "status": "approved", "reference": "seeded", "amount": life.price, "currency": currency,
            "brand": life.card.brand, "last4": life.card.last4, "at": at,
        })  # fmt: skip
    db.execute(insert(Invoice), invoices)
    db.execute(insert(InvoiceLine), lines)
    db.execute(insert(Payment), payments)
    db.execute(insert(InvoiceNumber), [{"year": year, "last": last} for year, last in counts.items()])
