"""The card on file."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billing.gateways.contract import Card
from billing.models import PaymentMethod


def on_file(db: Session, account_id: str) -> Card | None:
    """Return the card renewals are charged to."""
    row = db.execute(
        select(PaymentMethod.token, PaymentMethod.brand, PaymentMethod.last4).where(
            PaymentMethod.account_id == account_id, PaymentMethod.replaced_at.is_(None)
        )
    ).one_or_none()
    return Card(token=row.token, brand=row.brand, last4=row.last4) if row else None


def put_on_file(db: Session, account_id: str, card: Card, *, at: datetime) -> None:
    """Charge later renewals to this card; the one before stays in the record. The same card again changes nothing."""
    before = on_file(db, account_id)
    if before is not None and before.token == card.token:
        return
    db.execute(
        update(PaymentMethod)
        .where(PaymentMethod.account_id == account_id, PaymentMethod.replaced_at.is_(None))
        .values(replaced_at=at)
    )
    db.add(PaymentMethod(account_id=account_id, token=card.token, brand=card.brand, last4=card.last4, added_at=at))
    db.flush()
