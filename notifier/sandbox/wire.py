"""The least of ASGI that the vendors' busy doors need: a body in, an answer out."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar.types import HTTPScope, Receive, Send
from msgspec import Struct

JSON = (b"content-type", b"application/json; charset=utf-8")


class Reply(Struct, frozen=True):
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = (JSON,)


class Asked(Struct, frozen=True):
    """An HTTP request, read whole."""

    method: str
    path: str
    query: str
    headers: Mapping[bytes, bytes]
    body: bytes


def reply(status: int, value: Any) -> Reply:
    return Reply(status, msgspec.json.encode(value))


async def ask(scope: HTTPScope, receive: Receive, *, limit: int) -> Asked | None:
    """Read a request; None when its body is longer than `limit` bytes."""
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        event = await receive()
        if event["type"] != "http.request":
            break
        chunk = event.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        more = event.get("more_body", False)
    if size > limit:
        return None
    return Asked(
        method=str(scope["method"]),
        path=scope["path"],
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=dict(scope["headers"]),
        body=b"".join(chunks),
    )


async def answer(send: Send, given: Reply) -> None:
    length = (b"content-length", str(len(given.body)).encode())
    await send({"type": "http.response.start", "status": given.status, "headers": [*given.headers, length]})
    await send({"type": "http.response.body", "body": given.body, "more_body": False})
