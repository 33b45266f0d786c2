"""How long to wait before what is surely unsent is tried again, and when to give up; pure."""

from msgspec import Struct

FIRST = 2.0
LONGEST = 300.0
"""Seconds."""
TRIES = 8
"""With the waits between them about ten minutes; a journey's fallback should not wait longer for a dead provider."""
NEVER_COUNTED = frozenset({"pacing", "account"})
"""Being asked to wait, or an account out of order, is nothing the message did; only its expiry ends that."""


class Again(Struct, frozen=True):
    """Try again after so many seconds."""

    seconds: float


class GiveUp(Struct, frozen=True):
    """No more tries."""

    reason: str


def next_try(*, tries: int, reason: str, retry_after: float | None, chance: float) -> Again | GiveUp:
    """
    Decide after the `tries`-th call was surely unsent.

    `chance` (0 to 1) spreads the waits, so that a batch refused together does not come back together: the wait lies
    between half the doubling back-off and the whole of it, or up to a fifth beyond what the provider asked for.
    """
    if tries >= TRIES and reason not in NEVER_COUNTED:
        return GiveUp("tries-used-up")
    if retry_after is not None:
        return Again(retry_after * (1 + 0.2 * chance) + 0.05)
    return Again(min(LONGEST, FIRST * 2.0 ** (min(tries, 20) - 1)) * (0.5 + 0.5 * chance))
