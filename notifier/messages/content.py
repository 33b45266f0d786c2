"""
Exactly what was sent, packed for keeping.

Nearly all of a message is its template. So each is compressed against a dictionary: the template's own sample, rendered
when its version was published. A dictionary is named by its digest and never changes; whoever reads a message later,
with whatever templates, finds by its name what it was packed with.
"""

import hashlib
import sys
import threading
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 3
PLAIN, KEYED = "zstd", "zstd:"
"""Encodings: JSON without a dictionary; and, with the dictionary's digest behind it, MessagePack against one."""

_FIND = text("SELECT body FROM content_dictionaries WHERE digest = :digest LIMIT 1")


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


class Dictionary:
    """What messages of one template version in one language have in common."""

    def __init__(self, body: bytes) -> None:
        """`body` is what `sample` returned."""
        self.body = body
        self.digest = hashlib.blake2b(body, digest_size=8).hexdigest()
        self.zstd = zstd.ZstdDict(body, is_raw=True)
        self._local = threading.local()

    def pack(self, kept: Kept) -> tuple[str, bytes]:
        """Return (encoding, body) for `models.Content`."""
        compressor = self._compressor()
        return KEYED + self.digest, compressor.compress(msgspec.msgpack.encode(kept), compressor.FLUSH_FRAME)

    def _compressor(self) -> "zstd.ZstdCompressor":
        """One to a thread, as making one costs as much as ten messages."""
        if not hasattr(self._local, "compressor"):
            self._local.compressor = zstd.ZstdCompressor(level=LEVEL, zstd_dict=self.zstd.as_digested_dict)
        compressor: zstd.ZstdCompressor = self._local.compressor
        return compressor


def sample(kept: Kept) -> bytes:
    """Return the body of the dictionary for messages like this one."""
    return msgspec.msgpack.encode(kept)


def pack(kept: Kept) -> tuple[str, bytes]:
    """Return (encoding, body) for `models.Content`, without a dictionary."""
    return PLAIN, zstd.compress(msgspec.json.encode(kept), LEVEL)


def unpack(db: Session, encoding: str, body: bytes) -> Kept:
    """
    Read back what was packed.

    Raises:
        ValueError: the encoding is one this version does not know, or its dictionary is gone.
    """
    if encoding == PLAIN:
        return msgspec.json.decode(zstd.decompress(body), type=Kept)
    if not encoding.startswith(KEYED):
        raise ValueError(f"content is kept as {encoding!r}, which this version cannot read")
    digest = encoding.removeprefix(KEYED)
    known = _known.get(digest) or _learn(db, digest)
    return msgspec.msgpack.decode(zstd.decompress(body, zstd_dict=known.zstd), type=Kept)


def as_json(kept: Kept | None) -> dict[str, Any] | None:
    """Return what the API shows of it."""
    return {"subject": kept.subject, "text": kept.text, "html": kept.html} if kept else None


_known: dict[str, Dictionary] = {}
"""By digest, of whatever database: a digest stands for its bytes."""


def _learn(db: Session, digest: str) -> Dictionary:
    body = db.execute(_FIND, {"digest": digest}).scalar_one_or_none()
    if body is None:
        raise ValueError(f"content is kept against the dictionary {digest}, which is gone")
    return remember(bytes(body))


def remember(body: bytes) -> Dictionary:
    """Return the dictionary of a body, for all who read or write with it in this process."""
    made = Dictionary(body)
    return _known.setdefault(made.digest, made)
