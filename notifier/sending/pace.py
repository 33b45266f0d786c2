"""The waits of sending, in one place, each in seconds."""

from notifier.providers.transport import TOTAL
from notifier.settings import Settings

CLAIM_AGE = 10.0
"""A claim older than this is handed back instead of called: its worker was frozen, and others may have moved on."""
WAITS = 2.0
"""What waits longer than this for a slot is handed back: somebody may have stopped it meanwhile."""
CALL = TOTAL.total_seconds()
"""The longest one provider call takes."""
MARGIN = 5.0
SETTLE_EVERY = 0.02
SETTLE_LOOKS = 5
"""So often answers wait for more while calls are out: a set of sixty costs three times as much an answer as one of five
hundred."""
SETTLE_AT = 500
"""Answers settled at once, at most."""
LOOK = 0.05
"""How often new work is looked for while calls are out."""
DATABASE_AWAY = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Between tries to store an answer."""
LOOKS = (600.0, 3600.0, 21600.0)
"""Ages at which an accepted attempt is asked about whose last report has not come; after that it stays as it is."""
AGAIN = 30.0
"""Between two looks for evidence of the same attempt, at most; a twentieth of the whole wait when that is shorter."""


def first_look(settings: Settings) -> float:
    """
    Return how long after its claim an attempt is first asked about: later than any call of it can still begin or end.

    Shorter leases (tests) shorten it with them.
    """
    return min(CLAIM_AGE + CALL + MARGIN, max(settings.lease_seconds, 0.1))


def next_look(settings: Settings) -> float:
    """Return the seconds between two looks for evidence of the same attempt."""
    return min(AGAIN, max(settings.evidence_seconds / 20, 0.5))
