"""Write down where runs have come to."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from notifier.db import rows
from notifier.journeys.steps import Moved

_MOVE = """
    UPDATE runs r SET position = n.position::jsonb, due_at = n.due_at, state = n.state, tries = 0, error = '',
           ended_at = CASE WHEN n.state = 'finished' THEN %(now)b::timestamptz END
    FROM unnest(%(ids)s::bigint[], %(positions)s::text[], %(due)b::timestamptz[], %(states)s::text[])
         AS n(id, position, due_at, state)
    WHERE r.id = n.id
"""


def write(db: Session, moved: Mapping[int, Moved], *, now: datetime) -> None:
    """Store the new positions of these runs, which the caller has locked; what they ask for is stored beside them."""
    if moved:
        values = {
            "ids": list(moved),
            "positions": [msgspec.json.encode(one.position).decode() for one in moved.values()],
            "due": [one.due_at for one in moved.values()],
            "states": ["finished" if one.finished else "open" for one in moved.values()],
            "now": now,
        }
        rows(db, _MOVE, values)
