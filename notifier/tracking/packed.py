"""Callbacks in the form they are kept in: those of a set together, compressed."""

import sys
from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec import Struct

from notifier.providers.contract import Hook

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 1
"""Callbacks are much alike: 91 bytes each in a set of fifty, and no fewer with more effort."""
ENCODING = "zstd"


class _Kept(Struct, frozen=True, array_like=True):
    url: str
    headers: Mapping[str, str]
    body: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[_Kept])
READABLE: dict[str, Callable[[bytes], list[_Kept]]] = {
    ENCODING: lambda packed: _decoder.decode(zstd.decompress(packed)),
    "json": msgspec.json.Decoder(list[_Kept]).decode,  # as a migration can write it, in SQL
}


def pack(hooks: Iterable[Hook]) -> bytes:
    """
    Return the callbacks as a set in `ENCODING`.

    Raises:
        ValueError: one has a URL or headers that are not Unicode.
    """
    return zstd.compress(_encoder.encode([_Kept(hook.url, hook.headers, hook.body) for hook in hooks]), LEVEL)


def unpack(encoding: str, packed: bytes) -> list[Hook]:
    """
    Return the callbacks of a set in one of the `READABLE` encodings, in the order they came.

    Raises:
        LookupError: a later version wrote it.
        ZstdError, DecodeError: it is damaged.
    """
    return [Hook(url=one.url, headers=one.headers, body=one.body) for one in READABLE[encoding](packed)]
