"""Makers of billing's rows for tests, with defaults."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from billing.accounts.card import put_on_file
from billing.accounts.open import open as open_account
from billing.calendar import morning
from billing.gateways.sandbox import card
from billing.models import Plan, Subscription
from billing.subscriptions.subscribe import subscribe

SAO_PAULO = "America/Sao_Paulo"


def make_plan(db: Session, plan_id: str = "plus-month-brl", *, amount: int = 3990, interval: str = "month") -> Plan:
    found = db.get(Plan, plan_id)
    if found:
        return found
    plan = Plan(id=plan_id, name="Aurora Plus", amount=amount, currency="BRL", interval=interval)
    db.add(plan)
    db.flush()
    return plan


def make_subscription(
    db: Session,
    name: str = "cem",
    *,
    started_on: date = date(2026, 1, 31),
    zone: str = SAO_PAULO,
    declines: str = "",
    times: int | None = None,
    interval: str = "month",
) -> Subscription:
    at = morning(started_on, zone)
    account = open_account(
        db, f"cus_{name}", name=name.title(), locale="pt_BR", timezone=zone, country="BR",
        email=f"{name}@example.com", phone="+5511961234567", at=at,
    )  # fmt: skip
    put_on_file(db, account.id, card("Visa", "4242", declines, times), at=at)
    plan = make_plan(db, f"plus-{interval}-brl", interval=interval)
    return subscribe(db, f"sub_{name}", account=account, plan=plan, started_on=started_on, at=at)


def emitted(db: Session, kind: str = "%") -> list[tuple[str, datetime]]:
    query = text("SELECT event_id, time FROM triggers WHERE type LIKE :kind ORDER BY time, id")
    return [(row.event_id, row.time) for row in db.execute(query, {"kind": kind})]


def everything(db: Session) -> dict[str, list[Any]]:
    """Return every row of billing and every trigger, to compare two histories."""
    tables = (
        "billing_subscriptions", "billing_invoices", "billing_invoice_lines", "billing_payments", "billing_bonuses",
        "billing_invoice_numbers",
    )  # fmt: skip
    rows: dict[str, list[Any]] = {
        table: list(db.execute(text(f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1")).scalars())
        for table in tables
    }
    rows["triggers"] = list(
        db.execute(text("SELECT source, event_id, time, data::text FROM triggers ORDER BY time, event_id")).all()
    )
    return rows
