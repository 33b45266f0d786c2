"""The plans on offer."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from billing.models import Plan

#: Monthly prices in minor units: what each plan costs where.
PRICES: dict[str, dict[str, int]] = {
    "Aurora Lite": {
        "BRL": 1990, "USD": 699, "GBP": 599, "EUR": 649, "MXN": 9900, "ARS": 549_000, "COP": 1_790_000,
    },
    "Aurora Plus": {
        "BRL": 3990, "USD": 1299, "GBP": 1099, "EUR": 1199, "MXN": 17900, "ARS": 999_000, "COP": 3_290_000,
    },
    "Aurora Duo": {
        "BRL": 5490, "USD": 1799, "GBP": 1499, "EUR": 1699, "MXN": 24900, "ARS": 1_399_000, "COP": 4_590_000,
    },
    "Aurora Max": {
        "BRL": 8990, "USD": 2799, "GBP": 2399, "EUR": 2599, "MXN": 39900, "ARS": 2_199_000, "COP": 7_190_000,
    },
}  # fmt: skip

#: A year is paid like ten months.
MONTHS_PER_YEAR_PAID = 10


def offer(db: Session) -> None:
    """Put every plan on offer, monthly and yearly in each currency; those on offer already stay as they are."""
    rows = [
        {
            "id": plan_id(name, interval, currency),
            "name": name,
            "amount": price * (MONTHS_PER_YEAR_PAID if interval == "year" else 1),
            "currency": currency,
            "interval": interval,
        }
        for name, prices in PRICES.items()
        for currency, price in prices.items()
        for interval in ("month", "year")
    ]
    db.execute(insert(Plan).on_conflict_do_nothing(), rows)


def plan_id(name: str, interval: str, currency: str) -> str:
    """Return the id of a plan: `plus-month-brl`."""
    return f"{name.rpartition(' ')[2]}-{interval}-{currency}".lower()
