"""Exactly what was sent, packed for keeping."""

import sys
import threading
from typing import Any

import msgspec
from msgspec import Struct

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 3
_local = threading.local()


class Kept(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The words as the person gets them, whatever the channel; and the provider's own form where it differs."""

    subject: str = ""
    text: str = ""
    html: str = ""
    unsubscribe_url: str = ""
    content_sid: str = ""
    variables: dict[str, str] = {}
    buttons: tuple[tuple[str, str], ...] = ()
    """Title and address of each WhatsApp button; `text` ends with them, a line each."""

    @property
    def body(self) -> str:
        """The words above the buttons."""
        tail = "".join(f"\n\n{title}: {link}" for title, link in self.buttons)
        return self.text.removesuffix(tail) if tail else self.text


def pack(kept: Kept) -> tuple[str, bytes]:
    """Return (encoding, body) for `models.Content`."""
    compressor = _compressor()
    return "zstd", compressor.compress(msgspec.json.encode(kept), compressor.FLUSH_FRAME)


def _compressor() -> zstd.ZstdCompressor:
    """One to a thread, as making one costs as much as half a mail."""
    if not hasattr(_local, "compressor"):
        _local.compressor = zstd.ZstdCompressor(level=LEVEL)
    compressor: zstd.ZstdCompressor = _local.compressor
    return compressor


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
