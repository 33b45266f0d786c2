"""Accepted triggers."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, DateTime

from notifier.db import Base


class Trigger(Base):
    """One thing that happened in the business. (source, event_id) is unique for ever, so history may be replayed."""

    __tablename__ = "triggers"
    __table_args__ = (
        UniqueConstraint("source", "event_id"),
        Index("ix_triggers_pending", "customer_id", "time", "id", postgresql_where="state = 'pending'"),
        # Its condition is written so that no other query has it: with statistics from a quiet hour the planner would
        # read all of this index for every customer it asks about.
        Index("ix_triggers_oldest", text("lane DESC"), "time", "id", postgresql_where="lower(state) = 'pending'"),
        Index("ix_triggers_customer_id", "customer_id", "time"),
        Index("ix_triggers_failed", "id", postgresql_where="state = 'failed'"),
        CheckConstraint("state IN ('pending', 'done', 'failed')", name="state"),
        CheckConstraint("lane IN ('transactional', 'bulk')", name="lane"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    """The sequence: order of acceptance."""
    source: Mapped[str] = mapped_column(Text)
    event_id: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1)
    customer_id: Mapped[str] = mapped_column(Text)
    time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """When it happened, business time; order per customer and expiry count from it."""
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    """As it came: read whole, never searched."""
    state: Mapped[str] = mapped_column(Text, default="pending", server_default="pending")
    """`failed`: set aside after repeated errors; listed in the console and replayable."""
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    error: Mapped[str] = mapped_column(Text, default="", server_default="")
    lane: Mapped[str] = mapped_column(Text, default="transactional", server_default="transactional")
    """Transactional ones are handled first. `bulk` by its type, unless the customer has a more urgent one waiting."""
    decisions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    """What it started, ended, or why nothing: `[{verdict, reason, facts, at}]`."""
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
