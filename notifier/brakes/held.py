"""What a claim has to know of brakes, and what it does with messages it may not take."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.db import rows

# Shared with other claims, but not with a release: it waits for this claim, and then finds what was set aside.
_STANDING = text("SELECT kind, name FROM brakes WHERE released_at IS NULL FOR SHARE")
_ASIDE = """
    UPDATE due_messages SET lane = 'held-' || lane
    WHERE message_id = ANY(%(ids)b::uuid[]) AND lane IN ('bulk', 'transactional')
"""


class Standing(Struct, frozen=True):
    """The brakes that hold."""

    everything: bool
    providers: frozenset[str]
    journeys: frozenset[str]
    topics: frozenset[str]

    def holds(self, journey: str, topic: str) -> bool:
        """Tell whether a message of this journey and topic has to wait."""
        return journey in self.journeys or topic in self.topics


def standing(db: Session) -> Standing:
    """Read the brakes; none of them can be released before this transaction ends."""
    found = db.execute(_STANDING).all()
    providers, journeys, topics = (
        frozenset(row.name for row in found if row.kind == kind) for kind in ("provider", "journey", "topic")
    )
    return Standing(any(row.kind == "everything" for row in found), providers, journeys, topics)


def set_aside(db: Session, message_ids: Sequence[UUID]) -> None:
    """
    Put due messages into a lane nobody claims from, until a brake is released.

    So each is looked at once: a claim never reads past the same pile of held messages again, and pulling a brake is
    one row, however many messages it stops.
    """
    if message_ids:
        rows(db, _ASIDE, {"ids": sorted(message_ids)})
