"""Write the head of a request. Whatever cannot be written safely is refused before anything is."""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

_PORTS = {"http": 80, "https": 443}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOST = re.compile(r"[0-9A-Za-z._~-]+|[0-9A-Fa-f:.]+(?:%[0-9A-Za-z._~-]+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_IN_URLS = "%/:=&?~#+!$,;'@()*[]"
_OURS = {"content-length", "transfer-encoding", "connection"}
"""What says where a request ends; said twice, the two sides could read it differently."""
_ALWAYS = {"Accept": "*/*", "User-Agent": "notifier"}


class Unwritable(ValueError):
    """The request cannot be put into words: an address or a header that HTTP does not allow. Nothing was sent."""


class Origin(NamedTuple):
    """Who is called."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """Host, and port where it is not the usual one, as URLs and Host headers have them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Target(NamedTuple):
    """An address, taken apart."""

    origin: Origin
    path: str
    """With the query; the fragment is left out."""
    authorization: str
    """Basic, when the address has a user; empty otherwise."""


def target(url: str) -> Target:
    """
    Take an http(s) address apart. What a URL must not contain (blanks, letters beyond ASCII) is percent-encoded.

    Raises:
        Unwritable: it is no address of that kind.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("ascii" if url.isascii() else "idna").decode(), parts.port
        path = quote(parts.path or "/", safe=_IN_URLS)
        query = quote(parts.query, safe=_IN_URLS)
    except ValueError as error:
        raise Unwritable(f"an address that cannot be read: {error}") from error
    if parts.scheme not in _PORTS or not _HOST.fullmatch(host):
        raise Unwritable(f"no http(s) address: {parts.scheme}://{host}")
    to = Origin(parts.scheme, host, port or _PORTS[parts.scheme])
    return Target(to, f"{path}?{query}" if query else path, basic(parts))


def basic(parts: SplitResult) -> str:
    """Return the credentials of an address as the header that carries them; empty when it has none."""
    if parts.username is None and parts.password is None:
        return ""
    pair = unquote_to_bytes(parts.username or "") + b":" + unquote_to_bytes(parts.password or "")
    return f"Basic {b64encode(pair).decode()}"


def head(method: str, to: Target, headers: Mapping[str, str], *, proxy: str | None = None) -> bytes:
    """
    Return the head but for its end: the length of the body, if there is one, and an empty line.

    `proxy`: the request goes to a proxy, which is told the whole address and, unless empty, this authorization.

    Raises:
        Unwritable: a method or header that HTTP does not allow, or that would end the request elsewhere.
    """
    # An answer to HEAD says a length and has no body, and one to CONNECT is no answer: neither could be read.
    if not _TOKEN.fullmatch(method) or method in {"HEAD", "CONNECT"}:
        raise Unwritable(f"no method for a call: {method!r}")
    given = {name.lower() for name in headers}
    if ours := given & _OURS:
        raise Unwritable(f"the header {min(ours)} is not the caller's")
    fields = {} if "host" in given else {"Host": to.origin.netloc}
    fields |= {name: value for name, value in _ALWAYS.items() if name.lower() not in given}
    if to.authorization and "authorization" not in given:
        fields["Authorization"] = to.authorization
    if proxy:
        fields["Proxy-Authorization"] = proxy
    where = to.path if proxy is None else f"http://{to.origin.netloc}{to.path}"
    lines = [f"{method} {where} HTTP/1.1", *(_line(name, value) for name, value in (fields | {**headers}).items())]
    try:
        return "\r\n".join([*lines, ""]).encode()
    except UnicodeEncodeError as error:
        raise Unwritable("a header that is no text") from error


def _line(name: str, value: str) -> str:
    # The value is left out of the words: it may be a secret.
    if not _TOKEN.fullmatch(name) or _CONTROL.search(value):
        raise Unwritable(f"a header that cannot be written: {name!r}")
    return f"{name}: {value.strip()}"
