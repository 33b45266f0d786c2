"""Doors in plain ASGI, for what is asked thousands of times a second: there the framework costs more than the work."""

from collections.abc import Awaitable, Callable, Mapping

from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct


class Answer(Struct, frozen=True):
    """What is sent back."""

    status: int
    media_type: bytes = b""
    body: bytes = b""
    headers: list[tuple[bytes, bytes]] = []


class TooLarge(HTTPException):
    """More than one request may carry."""

    status_code = 413


class _HungUp(Exception):
    """The caller has gone before the whole request came: nobody waits for an answer."""


class Door:
    """
    Answers one address (as an ASGI app) with what `take` returns for it.

    What `take` raises becomes the answer that `explain` has for it. `take` checks everything the framework would have:
    who is asking, how much, in what form.
    """

    def __init__(
        self, take: Callable[[Scope, Receive], Awaitable[Answer]], explain: Callable[[Scope, Exception], Answer]
    ) -> None:
        self._take = take
        self._explain = explain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request and answer it."""
        try:
            answer = await self._take(scope, receive)
        except _HungUp:
            return
        except Exception as error:  # noqa: BLE001 - every error has its answer
            answer = self._explain(scope, error)
        headers = [(b"content-length", str(len(answer.body)).encode()), *answer.headers]
        if answer.media_type:
            headers.append((b"content-type", answer.media_type))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})


class Front:
    """Lets a POST in at the door its address names, and everything else through to the framework behind."""

    def __init__(self, doors: Mapping[str, ASGIApp], behind: ASGIApp) -> None:
        """`doors` by address; one that ends in a slash is for every address below it."""
        self._exact = {address: door for address, door in doors.items() if not address.endswith("/")}
        self._below = [(address, door) for address, door in doors.items() if address.endswith("/")]
        self._behind = behind

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Find the door for one request."""
        if scope.get("method") == "POST":  # nothing but HTTP has one
            path = scope["path"]
            if path in self._exact:
                return self._exact[path](scope, receive, send)
            for address, door in self._below:
                if path.startswith(address):
                    return door(scope, receive, send)
        return self._behind(scope, receive, send)


async def read_body(receive: Receive, *, announced: str, most: int, dropped: int = 0) -> bytes:
    """
    Read the request's body, never holding more than `most` bytes of it.

    `announced`: its Content-Length, or empty. `dropped`: how many more are read and thrown away, for a caller who is
    still writing when the answer comes sees a broken pipe instead of it.

    Raises:
        TooLarge: it was more than `most`, and all of it has been read.
        RequestEntityTooLarge: it is more than even that; it was not read to its end.
    """
    if announced.isdecimal() and int(announced) > most + dropped:
        raise RequestEntityTooLarge
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _HungUp
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > most + dropped:
            raise RequestEntityTooLarge
        if size > most:
            chunks.clear()
        if not message.get("more_body"):
            break
    if size > most:
        raise TooLarge(f"The body has {size} bytes; at most {most} ({most / 2**20:g} MiB) are taken. Send less.")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
