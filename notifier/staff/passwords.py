"""Passwords as argon2id hashes."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from notifier.errors import Invalid

SHORTEST = 10

_hasher = PasswordHasher()


class WeakPassword(Invalid):
    """The password is too short to keep."""


def hashed(password: str) -> str:
    """
    Return what is kept instead of the password.

    Raises:
        WeakPassword: it has fewer than `SHORTEST` characters.
    """
    if len(password) < SHORTEST:
        raise WeakPassword("The password is too short.", {"password": f"Use at least {SHORTEST} characters."})
    return _hasher.hash(password)


def generated() -> str:
    """Make a password nobody has to invent: 96 random bits."""
    return secrets.token_urlsafe(12)


def is_right(kept: str | None, password: str) -> bool:
    """Compare; without a kept hash (nobody has that address) the same work is done, so that time tells nothing."""
    try:
        _hasher.verify(kept or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Say whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))
