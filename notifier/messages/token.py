"""Signed tokens: what a customer's link and a provider's callback carry instead of a login."""

import hmac
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from uuid import UUID

import msgspec

from notifier.mac import Mac

_SIGNATURE_BYTES = 12


def make(secret: str, message_id: UUID) -> str:
    """Return the token of a message's pages, `/m/{token}`: 38 URL-safe characters. It never expires (CASL: 60 days)."""
    raw = message_id.bytes
    return urlsafe_b64encode(raw + _sign(secret, b"page", raw)).decode().rstrip("=")


def read(secret: str, token: str) -> UUID | None:
    """Return the message a token speaks of, or None when it was not made with this secret."""
    try:
        packed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (ValueError, UnicodeEncodeError):
        return None
    raw, signature = packed[:16], packed[16:]
    return UUID(bytes=raw) if hmac.compare_digest(signature, _sign(secret, b"page", raw)) else None


def make_attempt(secret: str, attempt_id: UUID) -> str:
    """Return the last part of an attempt's status-callback URL: the attempt's id in hex, a dot, a signature in hex."""
    return f"{attempt_id.hex}.{_sign(secret, b'attempt', attempt_id.bytes).hex()}"


def read_attempt(secret: str, token: str) -> UUID | None:
    """Return the attempt a callback speaks of, or None when the token was not made with this secret."""
    name, _, signature = token.partition(".")
    try:
        attempt_id, given = msgspec.convert(name, UUID), bytes.fromhex(signature)
    except ValueError:
        return None
    return attempt_id if hmac.compare_digest(given, _sign(secret, b"attempt", attempt_id.bytes)) else None


def make_bounce(secret: str, attempt_id: UUID) -> str:
    """Return what stands behind the plus sign of a mail's envelope sender: 45 letters and digits, in whatever case."""
    raw = attempt_id.bytes
    return b32encode(raw + _sign(secret, b"bounce", raw)).decode().rstrip("=").lower()


def read_bounce(secret: str, token: str) -> UUID | None:
    """Return the attempt a bounce came back to, or None when the token was not made with this secret."""
    try:
        packed = b32decode(token.upper() + "=" * (-len(token) % 8))
    except ValueError:
        return None
    raw, signature = packed[:16], packed[16:]
    return UUID(bytes=raw) if hmac.compare_digest(signature, _sign(secret, b"bounce", raw)) else None


def _sign(secret: str, purpose: bytes, raw: bytes) -> bytes:
    return _mac(secret, purpose)(raw)[:_SIGNATURE_BYTES]


@lru_cache(maxsize=16)
def _mac(secret: str, purpose: bytes) -> Mac:
    return Mac(secret.encode(), "sha256", purpose + b":")
