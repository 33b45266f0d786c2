"""The raw callbacks a message's reports came in, as they were verified: the proof of what a provider said."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.errors import Missing
from notifier.messages.models import Message
from notifier.providers.contract import Hook
from notifier.tracking.packed import unpack

_ATTEMPTS = text("SELECT id, ref FROM attempts WHERE message_id = :message")
_SETS = text("""
    SELECT provider, encoding, packed, received_at FROM hook_sets
    WHERE id IN (SELECT hook_id FROM events WHERE message_id = :message) ORDER BY id
""")
# From before there were sets.
_ALONE = text("""
    SELECT provider, url, headers, body, received_at FROM hooks
    WHERE id IN (SELECT hook_id FROM events WHERE message_id = :message) ORDER BY id
""")


class Callback(Struct, frozen=True, kw_only=True):
    """A verified HTTP call of a provider's."""

    received_at: datetime
    provider: str
    url: str
    headers: Mapping[str, str]
    body: str
    """As UTF-8; what is none is replaced."""


def callbacks(db: Session, message_id: UUID) -> list[Callback]:
    """
    Return the callbacks that said something of the message, in the order they came; whole, with what else they say.

    Raises:
        Missing: there is no such message.
    """
    if db.get(Message, message_id) is None:
        raise Missing(f"There is no message {message_id}.")
    asked = {"message": message_id}
    names = {
        name for row in db.execute(_ATTEMPTS, asked) for name in (str(row.id), row.id.hex, row.ref) if name is not None
    }
    found = [
        (row, Hook(url=row.url, headers=row.headers, body=bytes(row.body))) for row in db.execute(_ALONE, asked)
    ] + [(row, hook) for row in db.execute(_SETS, asked) for hook in unpack(row.encoding, row.packed)]
    return [
        Callback(
            received_at=row.received_at,
            provider=row.provider,
            url=hook.url,
            headers=hook.headers,
            body=hook.body.decode("utf-8", "replace"),
        )
        for row, hook in found
        if _speaks_of(hook, names)
    ]


def _speaks_of(hook: Hook, names: Collection[str]) -> bool:
    said = "\n".join([hook.url, *hook.headers.values(), hook.body.decode("utf-8", "replace")])
    return any(name in said for name in names)
