"""Slow down whoever guesses passwords: count failures per person and place, refuse for a while after too many."""

import hashlib
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

WINDOW = timedelta(minutes=15)
#: An address from one place, an address from anywhere, one place whatever the address: failures allowed in the window.
#: The second is high, so that a stranger cannot lock a member of staff out by failing on purpose from elsewhere.
LIMITS = {"both": 5, "email": 50, "place": 30}


def count(db: Session, *, email: str, place: str) -> bool:
    """
    Count one try, before it is known whether it fails, and return whether it may go on.

    Counting first makes guesses sent at the same moment wait for each other's row.
    """
    rows = db.execute(_COUNT, {"keys": _keys(email, place), "names": list(LIMITS), "window": WINDOW})
    return all(row.failures <= LIMITS[row.name] for row in rows)


def forgive(db: Session, *, email: str, place: str) -> None:
    """Forget the failures of somebody who has just proved who they are."""
    db.execute(text("DELETE FROM sign_in_failures WHERE key = ANY(:keys)"), {"keys": _keys(email, place)[:2]})
    # The place keeps its count less this try: a good password of one's own must not pay for guesses at another's.
    db.execute(
        text("UPDATE sign_in_failures SET failures = greatest(failures - 1, 0) WHERE key = :key"),
        {"key": _keys(email, place)[2]},
    )


def _keys(email: str, place: str) -> list[bytes]:
    return [
        hashlib.sha256(f"{name}|{value}".encode()).digest()
        for name, value in (("both", f"{email}|{place}"), ("email", email), ("place", place))
    ]


_COUNT = text("""
    WITH counted AS (
        INSERT INTO sign_in_failures AS kept (key, failures, first_at)
        SELECT key, 1, clock_timestamp() FROM unnest(CAST(:keys AS bytea[])) AS key ORDER BY key
        ON CONFLICT (key) DO UPDATE SET
            failures = CASE WHEN kept.first_at < clock_timestamp() - :window THEN 1 ELSE kept.failures + 1 END,
            first_at = CASE WHEN kept.first_at < clock_timestamp() - :window
                            THEN clock_timestamp() ELSE kept.first_at END
        RETURNING key, failures
    )
    SELECT given.name, counted.failures
      FROM unnest(CAST(:keys AS bytea[]), CAST(:names AS text[])) AS given (key, name) JOIN counted USING (key)
""")
