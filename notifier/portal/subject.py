"""Whose link it is: the message a signed token names, and what is known of the person who got it."""

from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.errors import Missing
from notifier.messages.token import read

_FIND = text("""
    SELECT m.id AS message_id, m.customer_id, m.locale, m.timezone, m.country, m.channel, m.topic, m.sent_at,
           t.data AS data
    FROM messages m LEFT JOIN triggers t ON t.id = m.trigger_id WHERE m.id = :id
""")


class UnknownLink(Missing):
    """The link was not made here, or its message is gone."""


class Subject(Struct, frozen=True, kw_only=True):
    """The message behind a link, with its reader's language and place."""

    message_id: UUID
    customer_id: str
    locale: str
    timezone: str
    country: str
    data: dict[str, Any]
    """Of the trigger the message speaks of."""
    channel: str = ""
    topic: str = ""


def resolve(db: Session, secret: str, token: str) -> Subject:
    """
    Return the subject of `/m/{token}…`.

    Raises:
        UnknownLink: the token is forged or mangled, or there is no such message any more.
    """
    message_id = read(secret, token)
    row = db.execute(_FIND, {"id": message_id}).one_or_none() if message_id else None
    if row is None:
        raise UnknownLink("This link is not complete, or no longer valid.")
    return Subject(
        message_id=row.message_id,
        customer_id=row.customer_id,
        locale=row.locale,
        timezone=row.timezone or "UTC",
        country=row.country,
        data=row.data or {},
        channel=row.channel,
        topic=row.topic,
    )
