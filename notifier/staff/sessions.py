"""Signed-in browsers: a random token in a cookie, its hash in the database, an end by idleness and by age."""

import hashlib
import secrets
from datetime import timedelta

from msgspec import Struct
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from notifier.staff import passwords, throttle
from notifier.staff.models import Staff, StaffSession

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=14)
#: A visit is noted at most this often, so that reading pages does not write rows.
NOTED_EVERY = timedelta(minutes=1)


class Throttled(Struct, frozen=True):
    """Too many failures lately; nothing was compared."""


class Mistaken(Struct, frozen=True):
    """No account has that address and password; which of the two is wrong is not said."""


class SignedIn(Struct, frozen=True, kw_only=True):
    """The token goes into the cookie and is kept nowhere else."""

    staff: Staff
    token: str


def sign_in(db: Session, *, email: str, password: str, place: str) -> SignedIn | Mistaken | Throttled:
    """
    Open a session. `place` is where the request came from (its IP address).

    Refusals are values, not errors: what was counted has to be committed.
    """
    email = email.strip().lower()
    if not throttle.count(db, email=email, place=place):
        return Throttled()
    staff = db.scalar(select(Staff).where(Staff.email == email, Staff.disabled_at.is_(None)))
    if not passwords.is_right(staff.password_hash if staff else None, password) or staff is None:
        return Mistaken()
    throttle.forgive(db, email=email, place=place)
    if passwords.is_outdated(staff.password_hash):
        staff.password_hash = passwords.hashed(password)
    return SignedIn(staff=staff, token=begin(db, staff))


def begin(db: Session, staff: Staff) -> str:
    """Open a session for somebody who has proved who they are; return its token. Sessions that are over are swept."""
    token = secrets.token_urlsafe(32)
    db.add(StaffSession(token_hash=_digest(token), staff_id=staff.id))
    _sweep(db)
    db.flush()
    return token


def find(db: Session, token: str) -> Staff | None:
    """Return whose session it is, unless it is over; the visit is noted. Ages count in machine time."""
    found = db.execute(
        select(Staff, (StaffSession.seen_at < func.clock_timestamp() - NOTED_EVERY).label("is_stale"))
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .where(
            StaffSession.token_hash == _digest(token),
            StaffSession.seen_at > func.clock_timestamp() - IDLE,
            StaffSession.created_at > func.clock_timestamp() - LONGEST,
            Staff.disabled_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        return None
    staff: Staff = found.Staff
    if found.is_stale:
        noted = update(StaffSession).where(StaffSession.token_hash == _digest(token))
        db.execute(noted.values(seen_at=func.clock_timestamp()))
    return staff


def sign_out(db: Session, token: str) -> None:
    """End the session; one that is over already stays so."""
    db.execute(delete(StaffSession).where(StaffSession.token_hash == _digest(token)))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _sweep(db: Session) -> None:
    db.execute(
        text(
            "DELETE FROM staff_sessions "
            "WHERE seen_at < clock_timestamp() - :idle OR created_at < clock_timestamp() - :longest"
        ),
        {"idle": IDLE, "longest": LONGEST},
    )
