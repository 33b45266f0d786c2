"""Permission with its evidence, and addresses never to be written to."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import DateTime

from notifier.db import Base

TOPICS = ("billing", "service", "surveys", "offers", "news")


class Consent(Base):
    """One statement of a customer about a topic on a channel; append-only, the newest for (topic, channel) stands."""

    __tablename__ = "consents"
    __table_args__ = (
        Index("ix_consents_customer_id_topic", "customer_id", "topic", "channel", "at"),
        CheckConstraint("topic IN ('billing', 'service', 'surveys', 'offers', 'news')", name="topic"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text)
    topic: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text, default="")
    """Empty: every channel."""
    granted: Mapped[bool]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Business time."""
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    """How we know: source (`preferences`, `one-click`, `keyword`, `api`), message, words, address of the caller."""


class Suppression(Base):
    """An address we never write to on a channel, whoever the customer is; it survives every upsert and erasure."""

    __tablename__ = "suppressions"
    __table_args__ = (
        Index("uq_suppressions_live", "channel", "address", unique=True, postgresql_where="lifted_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    """`stop` (the person said so), `hard-bounce`, `complaint`, `provider` (the vendor's own list), `staff`."""
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    lifted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the person asked to hear from us again (START); the row stays as evidence."""
