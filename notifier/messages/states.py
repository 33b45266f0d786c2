"""
The state machine, pure: how reports raise an attempt, and how a message's state derives from all its attempts.

Rank orders what is known of *one attempt*; a late or repeated report never moves it back. A message takes the best
of its attempts, so that `delivered` on an old attempt cancels a queued retry, and a late `undelivered` on one attempt
never beats another's `delivered`.
"""

from collections.abc import Iterable

#: What is known of one attempt, weakest first. Evidence of acceptance beats every "not sent": providers know better.
ATTEMPT_RANK = {
    "calling": 0,
    "handed-back": 1,
    "not-sent": 1,
    "unknown": 1,
    "lost": 2,
    "accepted": 3,
    "sent": 4,
    "refused": 5,
    "undelivered": 5,
    "bounced": 5,
    "delivered": 6,
}

#: A report's kind → the attempt state it proves. Absent kinds prove nothing.
PROVES = {
    "accepted": "accepted",
    "deferred": "accepted",
    "sent": "sent",
    "refused": "refused",
    "undelivered": "undelivered",
    "bounced": "bounced",
    "delivered": "delivered",
    "opened": "delivered",
    "read": "delivered",
    "clicked": "delivered",
    "complained": "delivered",
}

ENGAGEMENT_RANK = {"opened": 1, "read": 2, "clicked": 3, "replied": 4, "complained": 5}

#: The best attempt decides; each row: attempt states → the message's.
_DERIVED = (
    ({"delivered"}, "delivered"),
    ({"accepted", "sent"}, "sent"),
    ({"calling"}, "sending"),
    ({"unknown"}, "unknown"),
)
FAILED = {"bounced": "bounced", "undelivered": "undelivered", "refused": "failed"}
"""States of an attempt that failed for good → the message's, when no other attempt says better."""

#: Stored states of a message that is due, or whose call is out.
WAITING = {"planned", "queued"}

#: States that an outcome has been reached in, as far as the journey is concerned.
SETTLED = {"delivered", "skipped", "cancelled", "expired", "undelivered", "bounced", "failed"}


def raised(current: str, proven: str) -> str:
    """Return the attempt's state after `proven` was learnt: the higher rank; at equal rank the first stays."""
    return proven if ATTEMPT_RANK[proven] > ATTEMPT_RANK[current] else current


def derive(current: str, attempts: Iterable[str], *, is_due: bool = False) -> str:
    """
    Return the message's state from the states of all its attempts (oldest first).

    `current` stands while no attempt says anything: planned, queued for a retry, cancelled before any call. It stands
    beside failed attempts only while the retry is still to be made (`is_due`): the stored state alone does not say so,
    because the claim that takes it leaves the message's row as it was.
    """
    known = list(attempts)
    for states, derived in _DERIVED:
        if states.intersection(known):
            return derived
    failed = [state for state in known if state in FAILED]
    if failed and not is_due:
        return FAILED[failed[-1]]
    return current


def shown(state: str, attempts: Iterable[str]) -> str:
    """
    Return the state a reader sees: the claim writes the attempt and leaves the message's own row alone, so a message
    that is stored as waiting and has a call out is `sending`.
    """
    return "sending" if state in WAITING and "calling" in attempts else state


def engaged(current: str | None, kind: str) -> str | None:
    """Return the furthest engagement seen; kinds that are no engagement change nothing."""
    rank = ENGAGEMENT_RANK.get(kind, 0)
    return kind if rank > ENGAGEMENT_RANK.get(current or "", 0) else current
