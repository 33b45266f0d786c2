"""API keys: made once, shown once, revoked for ever."""

import hashlib
import secrets

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from notifier.errors import Invalid, Missing
from notifier.staff.models import APIKey

PREFIX = "nk_"


class UnknownKey(Missing):
    """There is no such API key."""


def add(db: Session, name: str) -> tuple[APIKey, str]:
    """Make a key for a machine; return the row and the key itself, which nobody can read again."""
    if not name.strip():
        raise Invalid("The key needs a name.", {"name": "Say which system will use it."})
    plain = PREFIX + secrets.token_urlsafe(32)
    key = APIKey(name=name.strip(), key_hash=digest(plain), hint=plain[: len(PREFIX) + 6])
    db.add(key)
    db.flush()
    return key, plain


def find(db: Session, plain: str) -> APIKey | None:
    """Return the live key, if it is one."""
    return db.scalar(select(APIKey).where(APIKey.key_hash == digest(plain), APIKey.revoked_at.is_(None)))


def revoke(db: Session, key_id: int) -> APIKey:
    """
    End a key; ending it again changes nothing.

    Raises:
        UnknownKey: there is none with that id.
    """
    key = db.get(APIKey, key_id)
    if key is None:
        raise UnknownKey(f"There is no API key {key_id}.")
    if key.revoked_at is None:
        key.revoked_at = db.scalar(select(func.clock_timestamp()))
        db.flush()
    return key


def digest(plain: str) -> bytes:
    """Return what is kept of a key."""
    return hashlib.sha256(plain.encode()).digest()
