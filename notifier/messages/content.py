"""Exactly what was sent, packed for keeping."""

import sys
from typing import Any

import msgspec
from msgspec import Struct

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 3


class Kept(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The words as the person gets them, whatever the channel; and the provider's own form where it differs."""

    subject: str = ""
    text: str = ""
    html: str = ""
    unsubscribe_url: str = ""
    content_sid: str = ""
    variables: dict[str, str] = {}


def pack(kept: Kept) -> tuple[str, bytes]:
    """Return (encoding, body) for `models.Content`."""
    return "zstd", zstd.compress(msgspec.json.encode(kept), LEVEL)


def unpack(encoding: str, body: bytes) -> Kept:
    """
    Read back what `pack` made.

    Raises:
        ValueError: the encoding is one this version does not know.
    """
    if encoding != "zstd":
        raise ValueError(f"content is kept as {encoding!r}, which this version cannot read")
    return msgspec.json.decode(zstd.decompress(body), type=Kept)


def as_json(kept: Kept | None) -> dict[str, Any] | None:
    """Return what the API shows of it."""
    return {"subject": kept.subject, "text": kept.text, "html": kept.html} if kept else None
