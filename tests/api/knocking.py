"""Ask an app many things at once, without a server between."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from litestar.types import ASGIApp
from msgspec import Struct


class Asked(Struct, kw_only=True):
    """A POST. `chunks`: its body in pieces, as a slow caller sends it."""

    path: str
    headers: dict[str, str] = {}
    body: bytes = b""
    chunks: Sequence[bytes] = ()
    method: str = "POST"


class Told(Struct, kw_only=True):
    """What was answered; `read`: how many pieces of the body had been taken by then."""

    status: int
    headers: dict[str, str]
    body: bytes
    read: int

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


async def ask(app: ASGIApp, *asked: Asked) -> list[Told]:
    """Ask everything at once."""
    return list(await asyncio.gather(*(_one(app, one) for one in asked)))


async def _one(app: ASGIApp, asked: Asked) -> Told:
    chunks = list(asked.chunks or [asked.body])
    headers = [(name.lower().encode(), value.encode()) for name, value in asked.headers.items()]
    if not asked.chunks:
        headers.append((b"content-length", str(len(asked.body)).encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": asked.method, "scheme": "http",
        "path": asked.path, "raw_path": asked.path.encode(), "query_string": b"", "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "extensions": {}, "state": {},
    }  # fmt: skip
    told: list[Any] = []
    left = iter(chunks)
    read = 0

    async def receive() -> Any:
        nonlocal read
        piece = next(left, None)
        if piece is None:
            return {"type": "http.disconnect"}
        read += 1
        return {"type": "http.request", "body": piece, "more_body": read < len(chunks)}

    async def send(message: Any) -> None:
        told.append(message)

    await app(scope, receive, send)  # type: ignore[arg-type]
    start, *bodies = told
    return Told(
        status=start["status"],
        headers={name.decode(): value.decode() for name, value in start["headers"]},
        body=b"".join(message.get("body", b"") for message in bodies),
        read=read,
    )
