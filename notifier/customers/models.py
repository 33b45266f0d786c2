"""Customers and their addresses: a copy kept up to date by triggers and the API."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import DateTime, LargeBinary

from notifier.db import Base

CHANNELS = ("email", "sms", "whatsapp")


class Customer(Base):
    """The person written to."""

    __tablename__ = "customers"
    __table_args__ = (
        Index("ix_customers_search", "search", postgresql_using="gin", postgresql_ops={"search": "gin_trgm_ops"}),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    """The billing system's own id: the `subject` of its triggers."""
    name: Mapped[str] = mapped_column(Text, default="")
    locale: Mapped[str] = mapped_column(Text, default="")
    """A locale we have a catalog for; empty: unknown, the default is used."""
    timezone: Mapped[str] = mapped_column(Text, default="")
    """IANA name; empty: unknown, see `planning.hours`."""
    country: Mapped[str] = mapped_column(Text, default="")
    """ISO 3166-1 alpha-2, upper case."""
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    search: Mapped[str] = mapped_column(Text, default="")
    """Lower-case, accent-free: id, name, addresses. Written with every change; the console's search reads it."""
    as_of: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Time of the newest trigger or call that said anything new of the customer; older snapshots change nothing."""
    described_by: Mapped[bytes | None] = mapped_column(LargeBinary)
    """`snapshot.digest` of the words that last described the customer: whoever says them again says nothing new."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    contact_points: Mapped[list["ContactPoint"]] = relationship(lazy="raise", order_by="ContactPoint.channel")


class ContactPoint(Base):
    """An address of a customer on a channel. A phone number is two: `sms` and `whatsapp`."""

    __tablename__ = "contact_points"
    __table_args__ = (
        UniqueConstraint("customer_id", "channel"),
        Index("ix_contact_points_address", "channel", "address"),
        CheckConstraint("channel IN ('email', 'sms', 'whatsapp')", name="channel"),
        CheckConstraint("state IN ('usable', 'invalid')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    """Lower-case email, or E.164 phone."""
    state: Mapped[str] = mapped_column(Text, default="usable")
    """`invalid` when a provider said the address does not exist; a new address starts `usable` again. (Suppression is
    kept by address, in `suppressions`.)"""
    reason: Mapped[str] = mapped_column(Text, default="")
