"""Accepted triggers: what each says, that it waits to be handled, and what became of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, DateTime, SmallInteger

from notifier.db import Base


class Trigger(Base):
    """
    One thing that happened in the business. (source, event_id) is unique for ever, so history may be replayed.

    Written once: a trigger is pending while `pending_triggers` has it, and `handled_triggers` has it from then on.
    """

    __tablename__ = "triggers"
    __table_args__ = (
        UniqueConstraint("source", "event_id"),
        Index("ix_triggers_customer_id", "customer_id", "time"),
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
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class PendingTrigger(Base):
    """A trigger to be handled, after all earlier ones of its customer. Taking the row is claiming the trigger."""

    __tablename__ = "pending_triggers"
    __table_args__ = (
        # Its condition holds for every row, and no query but the claim has it: with statistics from a quiet hour the
        # planner would read all of this index for every customer it asks about.
        Index("ix_pending_triggers_oldest", "lane", "time", "trigger_id", postgresql_where="tries >= 0"),
        CheckConstraint("lane IN ('transactional', 'bulk')", name="lane"),
    )

    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    time: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    trigger_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    lane: Mapped[str] = mapped_column(Text)
    """Transactional ones are handled first. `bulk` by its type, unless the customer has a more urgent one waiting."""
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """How often it failed."""
    decisions: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    """From before it was replayed."""


class HandledTrigger(Base):
    """What became of a trigger. Written once, unless it is replayed."""

    __tablename__ = "handled_triggers"
    __table_args__ = (Index("ix_handled_triggers_failed", "trigger_id", postgresql_where="error <> ''"),)

    trigger_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    error: Mapped[str] = mapped_column(Text, server_default="")
    """Why it was set aside: it failed repeatedly, is listed in the console, and may be replayed. Empty: it did not."""
    decisions: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """What it started, ended, or why nothing: `[{verdict, reason, facts, at}]`."""
