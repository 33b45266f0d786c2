"""What customers wrote back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, DateTime

from notifier.db import Base


class Reply(Base):
    """One inbound text, and what it was taken for."""

    __tablename__ = "replies"
    __table_args__ = (
        Index("uq_replies_provider_event_id", "provider", "event_id", unique=True),
        Index("ix_replies_customer_id", "customer_id", "at"),
        CheckConstraint(
            "taken_as IN ('stop', 'start', 'help', 'answer', 'conversation', 'automatic')", name="taken_as"
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    customer_id: Mapped[str | None] = mapped_column(Text)
    """None: nobody, or more than one customer, has that address."""
    channel: Mapped[str] = mapped_column(Text)
    sender: Mapped[str] = mapped_column(Text)
    recipient: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(Text)
    event_id: Mapped[str] = mapped_column(Text)
    in_reply_to: Mapped[UUID | None]
    """The message answered, where it could be told."""
    taken_as: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    """Why it was taken so, in plain words' code: `keyword-PARE`, `score-9`, `no-open-question` …"""
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Business time of receipt."""
