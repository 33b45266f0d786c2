"""Make the attempts that are due, and find what a customer can pay."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from billing.facts import PaymentSettled
from billing.gateways.contract import Card, Gateway
from billing.models import Account, Invoice, PaymentMethod, Subscription
from billing.payments.settle import Owed, settle

#: A token no gateway approves: an account without a card on file is declined like any other.
_NO_CARD = Card(token="", brand="—", last4="0000")


def charge(db: Session, gateway: Gateway, *, at: datetime) -> list[PaymentSettled]:
    """Charge every open invoice whose next attempt is due by `at` to the card on file."""
    rows = db.execute(_open().where(Invoice.charge_at <= at).order_by(Subscription.id, Invoice.id)).all()
    if not rows:
        return []
    return settle(db, gateway, [owed(row) for row in rows], via="schedule", at=at)


def lock_open(db: Session, invoice_id: str) -> Row[*tuple[Any, ...]] | None:
    """Lock an invoice and its subscription, and return what `owed` needs; None when nothing is owed on it any more."""
    return db.execute(_open().where(Invoice.id == invoice_id)).one_or_none()


def owed(row: Row[*tuple[Any, ...]], card: Card | None = None) -> Owed:
    """Make the value `settle` takes, charging the card on file unless another is given."""
    if card is None:
        card = Card(token=row.token, brand=row.brand, last4=row.last4) if row.token else _NO_CARD
    return Owed(
        invoice_id=row.id,
        subscription_id=row.subscription_id,
        amount=row.amount,
        currency=row.currency,
        timezone=row.timezone,
        failed_at=row.failed_at,
        charge_at=row.charge_at,
        card=card,
    )


def _open() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Invoice.id,
            Invoice.subscription_id,
            Invoice.amount,
            Invoice.currency,
            Invoice.failed_at,
            Invoice.charge_at,
            Account.timezone,
            Account.id.label("account_id"),
            PaymentMethod.token,
            PaymentMethod.brand,
            PaymentMethod.last4,
        )
        .join(Subscription, Subscription.id == Invoice.subscription_id)
        .join(Account, Account.id == Subscription.account_id)
        .outerjoin(PaymentMethod, (PaymentMethod.account_id == Account.id) & PaymentMethod.replaced_at.is_(None))
        .where(Invoice.status == "open")
        .with_for_update(of=(Subscription, Invoice))
    )
