"""What all workers know of senders."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import DateTime, Double, SmallInteger

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
