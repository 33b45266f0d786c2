"""The ordinary answer, in two statements for a whole set: the provider has taken the message."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy.orm import Session

from notifier.db import by_key, rows
from notifier.messages.reported.known import keep_refs


class Acceptance(Struct, frozen=True):
    """One call the provider has taken."""

    message_id: UUID
    attempt_id: UUID
    provider: str
    ref: str
    template_version: int | None
    names_attempt: bool = False
    """Whatever comes back of it names our attempt: it need not be found by `ref`."""


# `CASE`: the state is asked of each row that was found. As a condition of the table alone it is believed to leave so
# few rows (no statistics show what is true for a second) that the whole table is read to find them, set after set.
_MESSAGES = """
    UPDATE messages m SET state = 'sent', reason = '', provider = n.provider, provider_ref = nullif(n.ref, ''),
           template_version = n.version, sent_at = coalesce(m.sent_at, %(now)b)
    FROM unnest(%(ids)b::uuid[], %(attempts)b::uuid[], %(providers)b::text[], %(refs)b::text[], %(versions)b::int[])
         AS n(id, attempt, provider, ref, version)
    JOIN attempts a ON a.id = n.attempt
    WHERE m.id = n.id AND CASE WHEN n.id = m.id THEN a.state = 'calling' AND m.state IN ('planned', 'queued') END
    RETURNING a.id
"""
_ATTEMPTS = """
    UPDATE attempts a SET state = 'accepted', ref = nullif(n.ref, ''), settled_at = clock_timestamp()
    FROM unnest(%(attempts)b::uuid[], %(refs)b::text[]) AS n(id, ref)
    WHERE a.id = n.id AND CASE WHEN n.id = a.id THEN a.state = 'calling' END RETURNING a.id
"""


class Overtaken(Exception):
    """Somebody settled one of the attempts meanwhile; nothing of this transaction may stand."""


def accept(db: Session, given: Sequence[Acceptance], *, now: datetime) -> set[UUID]:
    """
    Settle accepted calls whose message still waits for just them; return the attempts settled.

    The others (a report came first, the lease ran out) are for `outcomes.record`. `now` is business time. Locks go
    message, then attempt, each in order of id.

    Raises:
        Overtaken: see there.
    """
    ordered = sorted(given, key=lambda one: one.message_id)
    values = {
        "now": now,
        "ids": [one.message_id for one in ordered],
        "attempts": [one.attempt_id for one in ordered],
        "providers": [one.provider for one in ordered],
        "refs": [one.ref for one in ordered],
        "versions": [one.template_version for one in ordered],
    }
    with by_key(db):
        ours = {row.id for row in rows(db, _MESSAGES, values)}
        plain = sorted((one for one in ordered if one.attempt_id in ours), key=lambda one: one.attempt_id)
        raised = {"attempts": [one.attempt_id for one in plain], "refs": [one.ref for one in plain]}
        if plain and len(rows(db, _ATTEMPTS, raised)) != len(plain):
            raise Overtaken
    keep_refs(db, ((one.provider, one.ref, one.attempt_id) for one in plain if one.ref and not one.names_attempt))
    return ours
