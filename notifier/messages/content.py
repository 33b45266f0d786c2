"""
Exactly what was sent, packed for keeping.

Nearly all of a message is its template. So of HTML only the values are kept, and the numbers of the constant pieces
between them; and the whole is compressed against a sample, made when the template's version was published. Pieces and
sample are a dictionary, which is named by its digest and never changes; whoever reads a message later, with whatever
templates, finds by its name what it was packed with.
"""

import hashlib
import sys
import threading
from collections.abc import Sequence
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
AGAINST: dict[int, int] = {
    zstd.CompressionParameter.compression_level: -1,
    zstd.CompressionParameter.window_log: 13,
    zstd.CompressionParameter.hash_log: 10,
    zstd.CompressionParameter.min_match: 5,
}
"""
Against a sample this makes them hardly longer, in half the time. The table of what was seen is as small as samples are:
one that fills the processor's nearest cache costs as much again in whatever is done next.
"""
PLAIN, PIECES, KEYED = "zstd", "pieces:", "zstd:"
"""
Encodings, behind all but the first a dictionary's digest: JSON alone; JSON with pieces, against a sample; MessagePack
against the dictionary itself, which is only read any more.
"""

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


class _Packed(Kept, frozen=True, kw_only=True):
    """As it is kept against a dictionary."""

    html: str | list[int | str] = ""  # type: ignore[assignment] # whole, or values and numbers of pieces


class _Body(Struct, frozen=True):
    """Of a dictionary."""

    sample: msgspec.Raw
    pieces: Sequence[str] = ()


class Dictionary:
    """What messages of one template version in one language have in common."""

    def __init__(self, body: bytes) -> None:
        """`body` is what `sample` returned."""
        read = msgspec.json.decode(body, type=_Body)
        self.body = body
        self.digest = hashlib.blake2b(body, digest_size=8).hexdigest()
        self._pieces = read.pieces
        self._sample = zstd.ZstdDict(bytes(read.sample), is_raw=True)
        self._local = threading.local()

    def pack(self, words: bytes) -> tuple[str, bytes]:
        """
        Return (encoding, body) for `models.Content`.

        `words`: a `Kept` in JSON, whose HTML may be a list: values, and the numbers of the pieces between them.
        """
        compressor = self._compressor()
        return PIECES + self.digest, compressor.compress(words, compressor.FLUSH_FRAME)

    def unpack(self, body: bytes) -> Kept:
        """Read back what was packed."""
        packed = msgspec.json.decode(zstd.decompress(body, zstd_dict=self._sample), type=_Packed)
        html = packed.html
        if not isinstance(html, str):
            html = "".join(self._pieces[piece] if isinstance(piece, int) else piece for piece in html)
        return Kept(**{**msgspec.structs.asdict(packed), "html": html})

    def _compressor(self) -> "zstd.ZstdCompressor":
        """One to a thread, as making one costs as much as ten messages."""
        if not hasattr(self._local, "compressor"):
            against = self._sample.as_undigested_dict  # a digested one has the tables of a level's
            self._local.compressor = zstd.ZstdCompressor(options=AGAINST, zstd_dict=against)
        compressor: zstd.ZstdCompressor = self._local.compressor
        return compressor


def sample(words: bytes, pieces: Sequence[str]) -> bytes:
    """Return the body of the dictionary for messages like this one (see `Dictionary.pack`), with these pieces."""
    return msgspec.json.encode(_Body(msgspec.Raw(words), pieces))


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
    if encoding.startswith(PIECES):
        digest = encoding.removeprefix(PIECES)
        return (_known.get(digest) or remember(_body(db, digest))).unpack(body)
    if encoding.startswith(KEYED):
        against = zstd.ZstdDict(_body(db, encoding.removeprefix(KEYED)), is_raw=True)
        return msgspec.msgpack.decode(zstd.decompress(body, zstd_dict=against), type=Kept)
    raise ValueError(f"content is kept as {encoding!r}, which this version cannot read")


def as_json(kept: Kept | None) -> dict[str, Any] | None:
    """Return what the API shows of it."""
    return {"subject": kept.subject, "text": kept.text, "html": kept.html} if kept else None


_known: dict[str, Dictionary] = {}
"""By digest, of whatever database: a digest stands for its bytes."""


def _body(db: Session, digest: str) -> bytes:
    body = db.execute(_FIND, {"digest": digest}).scalar_one_or_none()
    if body is None:
        raise ValueError(f"content is kept against the dictionary {digest}, which is gone")
    return bytes(body)


def remember(body: bytes) -> Dictionary:
    """Return the dictionary of a body, for all who read or write with it in this process."""
    made = Dictionary(body)
    return _known.setdefault(made.digest, made)
