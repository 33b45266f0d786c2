"""What all workers know of senders, and of calls that are to be looked at again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Index, Text, Uuid, func
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, Boolean, DateTime, Double, SmallInteger

from notifier.db import Base


class SenderPause(Base):
    """A sender that a provider asked to wait, or that is out of order; nobody claims for it before `until`."""

    __tablename__ = "sender_pauses"

    provider: Mapped[str] = mapped_column(Text, primary_key=True)
    sender: Mapped[str] = mapped_column(Text, primary_key=True)
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Machine time."""
    reason: Mapped[str] = mapped_column(Text)
    """`pacing`; `account`: a person must look; `failing` and `late-reports`: the breaker (`sending.breaker`)."""
    times: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """How often in a row the breaker has opened; each rest is twice as long as the one before."""


class SenderTokens(Base):
    """What a sender with a rate limit may still send; refilled by whoever looks."""

    __tablename__ = "sender_tokens"

    provider: Mapped[str] = mapped_column(Text, primary_key=True)
    sender: Mapped[str] = mapped_column(Text, primary_key=True)
    tokens: Mapped[float] = mapped_column(Double)
    """Messages, or segments; below zero when one took more than there was."""
    burst: Mapped[float] = mapped_column(Double)
    """The most there can be."""
    per_second: Mapped[float] = mapped_column(Double)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Machine time of the last refill."""


class Watch(Base):
    """
    Calls of one claim, to be looked at again: when their lease is over, and while their last report has not come.

    One row for all of them, kept apart from the attempts: what waits for a time of its own would be in an index of
    theirs, which every answer and every report had to change.
    """

    __tablename__ = "watches"
    __table_args__ = (Index(None, "look_at"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    attempts: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    claimed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    """Machine time, as in the attempts."""
    look_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Machine time."""
    is_leased: Mapped[bool] = mapped_column(Boolean, server_default="true")
    """Until it has been looked whether calls are open whose lease is over."""
