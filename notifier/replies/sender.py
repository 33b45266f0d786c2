"""Who wrote, which message they answer, and which question is open to them; never a guess between two customers."""

from datetime import datetime, timedelta
from email.utils import parseaddr
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from notifier.providers.contract import Inbound

#: How long a question stays open to an answer by text that does not say which message it answers.
OPEN = timedelta(days=7)

_BY_ATTEMPT = """
    SELECT m.id, m.customer_id, m.address FROM attempts a JOIN messages m ON m.id = a.message_id
    WHERE a.id = :attempt AND m.channel = :channel
"""
_BY_REF = """
    SELECT m.id, m.customer_id, m.address
    FROM refs r JOIN attempts a ON a.id = r.attempt_id JOIN messages m ON m.id = a.message_id
    WHERE r.provider = :provider AND r.ref = :ref AND m.channel = :channel
"""
_OWNERS = text("""
    SELECT DISTINCT customer_id FROM contact_points WHERE channel = :channel AND address = :address LIMIT 2
""")
_NEWEST = text("""
    SELECT id FROM messages
    WHERE customer_id = :customer AND channel = :channel AND address = :address AND sent_at BETWEEN :since AND :now
    ORDER BY created_at DESC, id DESC LIMIT 1
""")
# What is asked in words takes any words, so it is open to one answer; later texts are for a person to read.
_QUESTION = text("""
    SELECT m.id AS message_id, t.data->'survey'->>'id' AS survey, t.data->'survey'->>'question' AS question
    FROM messages m JOIN triggers t ON t.id = m.trigger_id
    WHERE m.customer_id = :customer AND t.data->'survey' IS NOT NULL
      AND NOT (t.data->'survey'->>'question' = 'cancel-reason' AND EXISTS (
          SELECT FROM answers a WHERE a.customer_id = m.customer_id AND a.survey = t.data->'survey'->>'id'))
      AND (m.id = CAST(:answered AS uuid)
           OR (m.channel = :channel AND m.address = :address AND m.sent_at BETWEEN :since AND :now))
    ORDER BY (m.id = CAST(:answered AS uuid)) DESC NULLS LAST, m.created_at DESC, m.id DESC LIMIT 1
""")


class Question(Struct, frozen=True, kw_only=True):
    """A survey that awaits the sender's answer."""

    message_id: UUID
    survey: str
    question: str


class Sender(Struct, frozen=True, kw_only=True):
    """What is known of whoever wrote."""

    channel: str
    address: str
    customer_id: str | None
    """None: nobody, or more than one customer, has that address."""
    message_id: UUID | None
    """The message answered, where it can be told."""
    question: Question | None


def identify(db: Session, inbound: Inbound, *, provider: str, now: datetime) -> Sender:
    """Find the sender by the message they answer, else by their address; `now` is business time."""
    address = normal(inbound.channel, inbound.sender)
    answered = _answered(db, inbound, provider)
    if answered and answered.address == address:
        customer, message = answered.customer_id, answered.id
    else:
        # An answer from another address than we wrote to (a forwarded mail) speaks for whoever owns that address.
        owners = db.scalars(_OWNERS, {"channel": inbound.channel, "address": address}).all()
        customer, message = (owners[0] if len(owners) == 1 else None), None
    where = {"customer": customer, "channel": inbound.channel, "address": address, "since": now - OPEN, "now": now}
    question = None
    if customer is not None:
        row = db.execute(_QUESTION, {**where, "answered": message}).one_or_none()
        question = (
            Question(message_id=row.message_id, survey=row.survey, question=row.question or "nps") if row else None
        )
        message = message or db.scalar(_NEWEST, where)
    return Sender(channel=inbound.channel, address=address, customer_id=customer, message_id=message, question=question)


def normal(channel: str, address: str) -> str:
    """Return an address as contact points keep it: lower-case email without a display name, or E.164."""
    if channel == "email":
        return (parseaddr(address)[1] or address).strip().lower()
    return address.removeprefix("whatsapp:").strip()


def _answered(db: Session, inbound: Inbound, provider: str) -> Row[tuple[UUID, str, str]] | None:
    if not inbound.in_reply_to:
        return None
    try:
        by_attempt = {"attempt": UUID(inbound.in_reply_to), "channel": inbound.channel}
    except ValueError:
        by_ref = {"provider": provider, "ref": inbound.in_reply_to, "channel": inbound.channel}
        return db.execute(text(_BY_REF), by_ref).first()
    return db.execute(text(_BY_ATTEMPT), by_attempt).first()
