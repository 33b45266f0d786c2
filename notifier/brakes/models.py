"""Every brake that was ever pulled."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, func
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import DateTime

from notifier.db import Base

KINDS = ("everything", "provider", "journey", "topic")


class Brake(Base):
    """One pull of a brake; it holds until it is released, and the row stays for ever."""

    __tablename__ = "brakes"
    __table_args__ = (
        Index("uq_brakes_pulled", "kind", "name", unique=True, postgresql_where="released_at IS NULL"),
        CheckConstraint("kind IN ('everything', 'provider', 'journey', 'topic')", name="kind"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    """Of the provider, journey or topic; empty for everything."""
    pulled_by: Mapped[str] = mapped_column(Text)
    """A member of staff's email, or the account on the machine the command was given on."""
    why: Mapped[str] = mapped_column(Text)
    pulled_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    """Machine time."""
    released_by: Mapped[str | None] = mapped_column(Text)
    released_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
