"""Journeys as published, and each customer's way through them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, DateTime

from notifier.db import Base


class JourneyVersion(Base):
    """A rule as published; never changed. The newest version of each journey starts new runs."""

    __tablename__ = "journey_versions"
    __table_args__ = (UniqueConstraint("journey", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    journey: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(Text)
    """SHA-256 of the source: publishing the same text again changes nothing."""
    source: Mapped[str] = mapped_column(Text)
    """The YAML as written."""
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    retired_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Set when its file is gone: starts nothing new, its runs go on."""


class Run(Base):
    """One customer's way through a journey for one incident."""

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("journey", "customer_id", "incident", "generation"),
        Index("ix_runs_due", "due_at", postgresql_where="state = 'open' AND due_at IS NOT NULL"),
        Index("ix_runs_unfinished", "customer_id", postgresql_where="state IN ('open', 'failed')"),
        Index("ix_runs_failed", "id", postgresql_where="state = 'failed'"),
        CheckConstraint("state IN ('open', 'finished', 'ended', 'failed')", name="state"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    journey: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    customer_id: Mapped[str] = mapped_column(Text)
    incident: Mapped[str] = mapped_column(Text)
    generation: Mapped[int] = mapped_column(default=1)
    """2, 3 … when the journey says `reenter`."""
    trigger_id: Mapped[int] = mapped_column(BigInteger)
    """The trigger that started it; its data are the facts of the run's messages. Triggers are never removed."""
    state: Mapped[str] = mapped_column(Text, default="open")
    """`finished`: all steps done; `ended`: a trigger ended it; `failed`: set aside after repeated errors."""
    position: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """`journeys.steps.Position`: which step, which channels were tried, what it waits for."""
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Business time at which it goes on by itself; none: only a report or a trigger moves it."""
    ends_on: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """`type|value` of every trigger that ends it, e.g. `payment.recovered|inv_9`."""
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    decisions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    end_reason: Mapped[str] = mapped_column(Text, default="")
