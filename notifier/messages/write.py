"""Store drafts as messages, each exactly once."""

from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from notifier.db import copy, rows, undone_alone
from notifier.messages import due
from notifier.messages.draft import Draft, as_json, new_ids

_COLUMNS = (
    "id", "customer_id", "trigger_id", "run_id", "journey", "journey_version", "step", "channel", "address", "topic",
    "lane", "template", "locale", "timezone", "country", "state", "reason", "due_at", "expires_at", "created_at",
    "decisions",
)  # fmt: skip

#: To begin one takes twice as long as all the rest of a key.
_BEGUN = blake2b(digest_size=16, person=b"message")

_KEYS = "INSERT INTO message_keys (key, message_id) SELECT * FROM unnest(%(keys)b::bytea[], %(ids)b::uuid[])"
_NEW_KEYS = f"{_KEYS} ON CONFLICT (key) DO NOTHING RETURNING key"


def write(db: Session, drafts: Sequence[Draft]) -> list[UUID]:
    """Store the drafts as `keep` does, make due what is planned, and return the ids of those stored, in order."""
    kept = keep(db, drafts)
    due.put(db, kept)
    return [ident for ident, _ in kept]


def keep(db: Session, drafts: Sequence[Draft]) -> list[tuple[UUID, Draft]]:
    """
    Insert the drafts whose key is new and return those, in order; nothing is due yet.

    Idempotent: the key is (journey, incident, step, customer, channel, generation), and it never expires.
    """
    if not drafts:
        return []
    first: dict[bytes, Draft] = {}
    for draft in drafts:
        first.setdefault(_key(draft), draft)
    ids = dict(zip(first, new_ids(len(first)), strict=True))
    new = _store_keys(db, {key: ids[key] for key in sorted(ids)})  # one order for everybody: writers cannot deadlock
    fresh = [(ids[key], draft) for key, draft in first.items() if key in new]
    decisions = as_json([draft.decisions for _, draft in fresh])
    copy(db, "messages", _COLUMNS, (_row(*one, told) for one, told in zip(fresh, decisions, strict=True)))
    return fresh


def _store_keys(db: Session, messages: Mapping[bytes, UUID]) -> Collection[bytes]:
    """Store the keys that are new, and return those: nearly always all; to be ready for others costs as much again."""
    given = {"keys": list(messages), "ids": list(messages.values())}
    try:
        with undone_alone(db):
            rows(db, _KEYS, given)
    except IntegrityError:
        return {row.key for row in rows(db, _NEW_KEYS, given)}
    return messages


def _key(draft: Draft) -> bytes:
    """Return 16 bytes, the same for the same business fact on any machine for ever; parts cannot run together."""
    journey, incident, step, customer, generation = (
        draft.journey, draft.incident, draft.step, draft.customer_id, str(draft.generation)
    )  # fmt: skip
    framed = (
        f"{len(journey)}:{journey}{len(incident)}:{incident}{len(step)}:{step}{len(customer)}:{customer}"
        f"{len(draft.channel)}:{draft.channel}{len(generation)}:{generation}"
    )
    hashed = _BEGUN.copy()
    hashed.update(framed.encode())
    return hashed.digest()


def _row(ident: UUID, draft: Draft, decisions: str) -> tuple[object, ...]:
    return (
        ident, draft.customer_id, draft.trigger_id, draft.run_id, draft.journey, draft.journey_version, draft.step,
        draft.channel, draft.address, draft.topic, draft.lane, draft.template, draft.locale, draft.timezone,
        draft.country, draft.state, draft.reason, draft.due_at, draft.expires_at, draft.created_at, decisions,
    )  # fmt: skip
