"""What all workers know of senders."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import DateTime

from notifier.db import Base


class SenderPause(Base):
    """A sender that a provider asked to wait, or that is out of order; nobody claims for it before `until`."""

    __tablename__ = "sender_pauses"

    provider: Mapped[str] = mapped_column(Text, primary_key=True)
    sender: Mapped[str] = mapped_column(Text, primary_key=True)
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Machine time."""
    reason: Mapped[str] = mapped_column(Text)
    """`pacing`, or `account`: a person must look."""
