"""Verified callbacks, kept as they came until they are applied and after."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, DateTime

from notifier.db import Base


class Hook(Base):
    """One verified HTTP call from a provider, raw; applied in batches by `tracking` or `replies`."""

    __tablename__ = "hooks"
    __table_args__ = (
        Index("ix_hooks_pending", "kind", "id", postgresql_where="state = 'pending'"),
        CheckConstraint("state IN ('pending', 'done', 'failed')", name="state"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    provider: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    """`status` (tracking applies it) or `inbound` (replies does)."""
    url: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Only those needed to read the body again: content type, signature, time stamp."""
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    state: Mapped[str] = mapped_column(Text, default="pending", server_default="pending")
    error: Mapped[str] = mapped_column(Text, default="", server_default="")
    unmatched: Mapped[int] = mapped_column(default=0, server_default="0")
    """Reports in it that name no attempt of ours: counted, never refused."""
