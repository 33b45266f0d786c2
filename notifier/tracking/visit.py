"""Note that a customer followed a message's link: an event of our own, once per page."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from notifier.messages.apply import Applied, apply


def visited(db: Session, message_id: UUID, *, page: str, now: datetime) -> None:
    """
    Record the first visit of a page; later ones change nothing.

    It says no more than that the link was followed, by a person or by a mail scanner: it proves no delivery.
    """
    visit = Applied(
        message_id=message_id,
        attempt_id=None,
        provider="portal",
        event_id=f"{page}:{message_id}",
        kind="clicked",
        detail=page,
    )
    apply(db, [visit], now=now)
