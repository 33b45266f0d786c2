"""What is known of attempts before anything is locked. It may be overtaken; rank says in which direction."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from notifier.db import rows


class Place(NamedTuple):
    """Where a message stands in its run."""

    run_id: int
    step: str
    channel: str
    journey: str
    version: int


class Known(NamedTuple):
    """An attempt and its message, as they were a moment ago; the rows of the statements below."""

    attempt_id: UUID
    message_id: UUID
    provider: str
    ref: str | None
    state: str
    message_state: str
    engagement: str | None
    run_id: int | None
    step: str
    channel: str
    journey: str
    journey_version: int


# One by one, whatever the statistics of tables that are growing fast say of joining them.
_BY_ID = """
    SELECT known.* FROM unnest(%(ids)b::uuid[]) AS n(id)
    CROSS JOIN LATERAL (
        SELECT a.id AS attempt_id, a.message_id, a.provider, a.ref, a.state,
               m.state AS message_state, m.engagement, m.run_id, m.step, m.channel, m.journey, m.journey_version
        FROM attempts a JOIN messages m ON m.id = a.message_id WHERE a.id = n.id OFFSET 0
    ) AS known
"""
_BY_REF = """
    SELECT known.* FROM unnest(%(providers)s::text[], %(refs)s::text[]) AS n(provider, ref)
    CROSS JOIN LATERAL (
        SELECT a.id AS attempt_id, a.message_id, a.provider, a.ref, a.state,
               m.state AS message_state, m.engagement, m.run_id, m.step, m.channel, m.journey, m.journey_version
        FROM refs r JOIN attempts a ON a.id = r.attempt_id JOIN messages m ON m.id = a.message_id
        WHERE r.provider = n.provider AND r.ref = n.ref ORDER BY r.attempt_id LIMIT 1
    ) AS known
"""
_KEEP = """
    INSERT INTO refs (provider, ref, attempt_id)
    SELECT * FROM unnest(%(providers)s::text[], %(refs)s::text[], %(ids)b::uuid[]) ON CONFLICT DO NOTHING
"""


def place(known: Known) -> Place | None:
    """Return where the message stands; None: it belongs to no run."""
    if known.run_id is None:
        return None
    return Place(known.run_id, known.step, known.channel, known.journey, known.journey_version)


def by_id(db: Session, attempt_ids: Collection[UUID]) -> dict[int, Known]:
    """Look attempts up by our own id of them; returned by `UUID.int`, which is looked up in a fifth of the time."""
    if not attempt_ids:
        return {}
    return {row.attempt_id.int: row for row in rows(db, _BY_ID, {"ids": list(attempt_ids)})}


def by_ref(db: Session, refs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Known]:
    """Look attempts up by provider and the provider's id of them; the first, always, should it have named two alike."""
    if not refs:
        return {}
    asked = {"providers": [provider for provider, _ in refs], "refs": [ref for _, ref in refs]}
    return {(row.provider, row.ref): row for row in rows(db, _BY_REF, asked)}


def keep_refs(db: Session, refs: Iterable[tuple[str, str, UUID]]) -> None:
    """Let attempts be found by provider and the provider's id of them."""
    if given := sorted(refs):  # one order for everybody
        providers, names, ids = zip(*given, strict=True)
        rows(db, _KEEP, {"providers": list(providers), "refs": list(names), "ids": list(ids)})
