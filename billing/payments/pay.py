"""A customer pays an open invoice by hand."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.accounts.card import put_on_file
from billing.facts import PaymentSettled
from billing.gateways.contract import Card, Gateway
from billing.models import Payment
from billing.payments.charge import lock_open, owed
from billing.payments.settle import settle


def pay(
    db: Session, gateway: Gateway, invoice_id: str, *, card: Card | None, attempt: int, at: datetime
) -> list[PaymentSettled]:
    """
    Charge an open invoice to `card` (None: the one on file), which becomes the card on file once it is approved.

    `attempt` is the number of the attempt the customer was shown a button for. Pressed twice, it is made once: when
    that attempt exists already, or nothing is owed any more, nothing happens and nothing is returned.
    """
    row = lock_open(db, invoice_id)
    if row is None or attempt != next_attempt(db, invoice_id):
        return []
    settled = settle(db, gateway, [owed(row, card)], via="customer", at=at)
    if card is not None and settled[0].outcome != "failed":
        put_on_file(db, row.account_id, card, at=at)
    return settled


def next_attempt(db: Session, invoice_id: str) -> int:
    """Return the number the next attempt on an invoice will have."""
    made = db.scalar(select(func.max(Payment.number)).where(Payment.invoice_id == invoice_id))
    return (made or 0) + 1
