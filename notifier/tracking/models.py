"""Verified callbacks, kept as they came until they are applied and after."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, DateTime

from notifier.db import Base


class Hook(Base):
    """One verified HTTP call from a provider, raw; applied in batches by `tracking` or `replies`. Written once."""

    __tablename__ = "hooks"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """From the queue it waits in (`pending.put`): what nobody would apply cannot be kept."""
    provider: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    """`status` (tracking applies it) or `inbound` (replies does)."""
    url: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Only those needed to read the body again: content type, signature, time stamp."""
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    error: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Why it could not be applied; empty: it could, or is pending."""
    unmatched: Mapped[int] = mapped_column(default=0, server_default="0")
    """Reports in it that name no attempt of ours: counted, never refused."""


class PendingHooks(Base):
    """
    Callbacks to be applied: of one kind and provider, kept together, claimed together. Taking the row is claiming them.

    One row for all of them, kept apart from theirs, which are long and would be written a second time to say that they
    are done.
    """

    __tablename__ = "pending_hooks"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    provider: Mapped[str] = mapped_column(Text)
    hooks: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    weight: Mapped[int]
    """Of all of them, as `pending.weight` has it."""
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
