"""Issue invoices, with their lines and gapless numbers."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session

from billing.models import Bonus, Invoice, InvoiceLine
from billing.subscriptions.upcoming import Period

_TAKE = text("""
    INSERT INTO billing_invoice_numbers AS n (year, last) VALUES (:year, :count)
    ON CONFLICT (year) DO UPDATE SET last = n.last + :count RETURNING last
""")


def issue(db: Session, periods: Sequence[Period], *, at: datetime) -> None:
    """Write an open invoice for each period, due and charged at `at`; a second one for a period violates its key."""
    numbers = _numbers(db, periods)
    db.execute(
        insert(Invoice),
        [
            {
                "id": period.invoice_id,
                "number": number,
                "subscription_id": period.subscription_id,
                "amount": period.total.minor,
                "currency": period.total.currency,
                "due_on": period.start,
                "period_start": period.start,
                "period_end": period.end,
                "issued_at": at,
                "charge_at": at,
            }
            for period, number in zip(periods, numbers, strict=True)
        ],
    )
    db.execute(
        insert(InvoiceLine),
        [
            {
                "invoice_id": period.invoice_id,
                "position": position,
                "kind": line.kind,
                "description": line.description,
                "amount": line.amount,
            }
            for period in periods
            for position, line in enumerate(period.lines)
        ],
    )
    used = [{"id": ident, "invoice_id": period.invoice_id} for period in periods for ident in period.bonus_ids]
    if used:
        db.execute(update(Bonus), used)


def _numbers(db: Session, periods: Sequence[Period]) -> list[str]:
    counts = Counter(period.start.year for period in periods)
    following = {
        year: db.execute(_TAKE, {"year": year, "count": count}).scalar_one() - count
        for year, count in sorted(counts.items())
    }
    numbers = []
    for period in periods:
        following[period.start.year] += 1
        numbers.append(number(period.start.year, following[period.start.year]))
    return numbers


def number(year: int, count: int) -> str:
    """Write the number of a year's nth invoice."""
    return f"{year}-{count:06d}"
