"""The rows that travel: messages, the attempts to send them, and what was reported of each."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import BigInteger, DateTime, SmallInteger

from notifier.db import Base


class MessageKey(Base):
    """
    What makes a message the same message, for ever: a hash of (journey, incident, step name, customer, channel,
    generation). Narrow and unpartitioned, so that messages may be archived and a whole history replayed.
    """

    __tablename__ = "message_keys"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """16 bytes, `messages.write`."""
    message_id: Mapped[UUID]


class Message(Base):
    """One text to one customer on one channel, or the reason why there is none (`skipped`)."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_customer_id", "customer_id", "created_at", "id"),
        Index("ix_messages_run_id", "run_id"),
        CheckConstraint("lane IN ('transactional', 'bulk')", name="lane"),
        CheckConstraint(
            "state IN ('planned', 'queued', 'sending', 'sent', 'delivered', 'skipped', 'cancelled', 'expired', "
            "'undelivered', 'bounced', 'failed', 'unknown')",
            name="state",
        ),
        {"postgresql_with": {"fillfactor": 50}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """UUIDv7."""
    customer_id: Mapped[str] = mapped_column(Text)
    trigger_id: Mapped[int | None] = mapped_column(BigInteger)
    run_id: Mapped[int | None] = mapped_column(BigInteger)
    journey: Mapped[str] = mapped_column(Text)
    journey_version: Mapped[int]
    step: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    """Empty only when skipped for want of one."""
    topic: Mapped[str] = mapped_column(Text)
    lane: Mapped[str] = mapped_column(Text)
    template: Mapped[str] = mapped_column(Text)
    template_version: Mapped[int | None]
    """Set when the content is rendered."""
    locale: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Why it is where it is, for `skipped`, `cancelled`, `expired`, `undelivered`, `bounced`, `failed`, `unknown`."""
    engagement: Mapped[str | None] = mapped_column(Text)
    """`opened`, `read`, `clicked`, `replied`, `complained`: the furthest seen."""
    provider: Mapped[str | None] = mapped_column(Text)
    provider_ref: Mapped[str | None] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Business time before which it is not sent (decent hours)."""
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Business time after which it is not sent at all; counts from the trigger's `time`."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Business time of planning."""
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Business time of the provider's acceptance."""
    decisions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """The trail: `[{at, verdict, reason, facts}]`, oldest first."""

    attempts: Mapped[list["Attempt"]] = relationship(
        lazy="raise", order_by="Attempt.number", primaryjoin="Message.id == foreign(Attempt.message_id)"
    )
    content: Mapped["Content | None"] = relationship(
        lazy="raise", primaryjoin="Message.id == foreign(Content.message_id)", uselist=False
    )


class DueMessage(Base):
    """
    A message to be sent at its time: `planned`, or `queued` for another try. Taking the row is claiming the message;
    no row, no call. It is narrow and short-lived, and the only thing the search for work reads.
    """

    __tablename__ = "due_messages"
    __table_args__ = (
        Index(None, "lane", "channel", "due_at", "message_id"),
        Index("ix_due_messages_held", "message_id", postgresql_where="lane IN ('held-bulk', 'held-transactional')"),
    )

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text)
    lane: Mapped[str] = mapped_column(Text)
    """The message's; with `held-` before it while a brake holds it (`brakes.held`)."""
    channel: Mapped[str] = mapped_column(Text)
    topic: Mapped[str] = mapped_column(Text)
    journey: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Business time, as in the message."""
    not_before: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Machine time before which it is not tried again (back-off, Retry-After)."""
    number: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    """Of the attempt to come."""
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """Calls made so far."""


class Content(Base):
    """Exactly what was sent; written once, with the first attempt."""

    __tablename__ = "contents"

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    encoding: Mapped[str] = mapped_column(Text)
    """How `body` is packed; see `messages.content`."""
    body: Mapped[bytes] = mapped_column(LargeBinary)


class ContentDictionary(Base):
    """What the messages of a template version in one language have in common; see `messages.content`. Never changed."""

    __tablename__ = "content_dictionaries"
    __table_args__ = (Index(None, "digest"),)

    template: Mapped[str] = mapped_column(Text, primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[str] = mapped_column(Text, primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class Attempt(Base):
    """One provider call for a message; committed before the call is made."""

    __tablename__ = "attempts"
    __table_args__ = (
        # No index is on what an answer or an ordinary report changes, in its condition neither: so they change a row in
        # its place, and no index at all.
        Index("ix_attempts_message_id", "message_id"),
        Index("ix_attempts_unknown", "evidence_at", postgresql_where="evidence_at IS NOT NULL"),
        CheckConstraint(
            "state IN ('calling', 'handed-back', 'accepted', 'sent', 'delivered', 'undelivered', 'bounced', 'refused', "
            "'not-sent', 'unknown', 'lost')",
            name="state",
        ),
        {"postgresql_with": {"fillfactor": 45}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """Travels with the call: status-callback URL, `custom_args`, Message-ID."""
    message_id: Mapped[UUID]
    number: Mapped[int] = mapped_column(SmallInteger)
    provider: Mapped[str] = mapped_column(Text)
    sender: Mapped[str] = mapped_column(Text, default="", server_default="")
    state: Mapped[str] = mapped_column(Text, default="calling", server_default="calling")
    """`lost`: unknown, then settled as never accepted. `handed-back`: claimed, never called."""
    ref: Mapped[str | None] = mapped_column(Text)
    """The provider's own id of the message; it is looked up in `refs`."""
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    detail: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The provider's answer, for support; never the customer's text."""
    address: Mapped[str | None] = mapped_column(Text)
    """Where the call went, if not to the address the message was planned for: it was a newer one by then."""
    claimed_by: Mapped[str] = mapped_column(Text)
    claimed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    """Machine time."""
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    evidence_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """While `unknown`, and only then: machine time of the next look for evidence."""
    evidence_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """While `unknown`: machine time at which the topic's policy decides."""

    events: Mapped[list["Event"]] = relationship(
        lazy="raise", order_by="Event.id", primaryjoin="Attempt.id == foreign(Event.attempt_id)"
    )


class Ref(Base):
    """A provider's own id of a message of which something may come back that names nothing else."""

    __tablename__ = "refs"

    provider: Mapped[str] = mapped_column(Text, primary_key=True)
    ref: Mapped[str] = mapped_column(Text, primary_key=True)
    attempt_id: Mapped[UUID] = mapped_column(primary_key=True)


class Event(Base):
    """What a provider, or a tracked link, reported of a message; append-only."""

    __tablename__ = "events"
    # A report names its message, and so does a repeat. The newest messages' reports are at the index's end; by their
    # providers' ids alone each would be somewhere in it.
    __table_args__ = (Index("uq_events_message_id", "message_id", "provider", "event_id", unique=True),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    message_id: Mapped[UUID]
    attempt_id: Mapped[UUID | None]
    provider: Mapped[str] = mapped_column(Text)
    event_id: Mapped[str] = mapped_column(Text)
    """The provider's id of the report, or one derived from its content: repeats are dropped by it."""
    kind: Mapped[str] = mapped_column(Text)
    """`providers.contract.EventKind`."""
    reason: Mapped[str] = mapped_column(Text, default="")
    detail: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Business time of receipt."""
    reported_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The provider's own time, where it gives one."""
    hook_id: Mapped[int | None] = mapped_column(BigInteger)
    """The set of raw callbacks it came in (`tracking.models.HookSet`; `notifier callbacks` reads it)."""
