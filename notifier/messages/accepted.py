"""The ordinary answer, in one statement for a whole set: the provider has taken the message."""

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
# Which they are is said only when they are not all: reading that would cost more than asking does.
# Messages are locked in the order given, all of them before the first attempt: a sort ends when what it sorts has.
_ACCEPT = """
    WITH sent AS (
        UPDATE messages m SET state = 'sent', reason = '', provider = a.provider, provider_ref = nullif(n.ref, ''),
               template_version = n.version, sent_at = coalesce(m.sent_at, %(now)b)
        FROM unnest(%(attempts)b::uuid[], %(refs)s::text[], %(versions)s::int[]) AS n(attempt, ref, version)
        JOIN attempts a ON a.id = n.attempt
        WHERE m.id = a.message_id
          AND CASE WHEN a.message_id = m.id THEN a.state = 'calling' AND m.state IN ('planned', 'queued') END
        RETURNING a.id, m.provider_ref
    ), accepted AS (
        UPDATE attempts a SET state = 'accepted', ref = s.provider_ref, settled_at = clock_timestamp()
        FROM (SELECT * FROM sent ORDER BY id) AS s
        WHERE a.id = s.id AND CASE WHEN s.id = a.id THEN a.state = 'calling' END RETURNING a.id
    )
    SELECT sent, many,
           CASE WHEN many < cardinality(%(attempts)b::uuid[]) THEN array(SELECT id FROM accepted) END AS which
    FROM (SELECT (SELECT count(*) FROM sent) AS sent, (SELECT count(*) FROM accepted) AS many) AS done
"""


class Overtaken(Exception):
    """Somebody settled one of the attempts meanwhile; nothing of this transaction may stand."""


def accept(db: Session, given: Sequence[Acceptance], *, now: datetime) -> Sequence[Acceptance]:
    """
    Settle accepted calls whose message still waits for just them; return those.

    The others (a report came first, the lease ran out) are for `outcomes.record`. `now` is business time. Locks go
    message, then attempt, each in order of id.

    Raises:
        Overtaken: see there.
    """
    ordered = sorted(given, key=lambda one: one.message_id.int)
    values = {
        "now": now,
        "attempts": [one.attempt_id for one in ordered],
        "refs": [one.ref for one in ordered],
        "versions": [one.template_version for one in ordered],
    }
    with by_key(db):
        [done] = rows(db, _ACCEPT, values)
    if done.many != done.sent:
        raise Overtaken
    which = None if done.which is None else set(done.which)
    settled = [one for one in given if which is None or one.attempt_id in which]
    keep_refs(db, ((one.provider, one.ref, one.attempt_id) for one in settled if one.ref and not one.names_attempt))
    return settled
