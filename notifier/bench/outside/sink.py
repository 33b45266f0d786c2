"""
The accept side of Twilio and SendGrid, as fast as one Python process can be; it remembers every attempt it took.

`python -m notifier.bench.outside.sink '{"seconds": 0.0}'` prints its port, and serves until its standard input ends.
With `events_url`, `twilio_token` and `sendgrid_key` it also reports on every message, as both would. `GET /taken`
returns what it has accepted, one a line, in order: the attempt's id and the second (UNIX, a fraction); `DELETE /taken`
forgets.
"""

import asyncio
import re
import sys
from functools import partial
from typing import cast
from urllib.parse import unquote_to_bytes

import httptools
import msgspec
import uvloop
from msgspec import Struct

from notifier import clock
from notifier.bench.outside.callbacks import Callbacks

_TWILIO = re.compile(rb"StatusCallback=([^&]*?%2F([0-9a-f]{32})\.[0-9a-f]+)")
_SENDGRID = re.compile(rb'"attempt_id":"([0-9a-f-]{36})"')
_SENT = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nX-Message-Id: %s\r\n\r\n"
_CREATED = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 155\r\n\r\n"
    b'{"sid":"SM%s","status":"queued","num_segments":"1","num_media":"0","price":null,"error_code":null,'
    b'"api_version":"2010-04-01"}'
)
_OTHER = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s"


class Told(Struct, frozen=True, kw_only=True):
    """What a sink is started with."""

    seconds: float = 0.0
    """Until each answer."""
    events_url: str = ""
    twilio_token: str = ""
    sendgrid_key: str = ""


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, taken: list[tuple[bytes, float]], seconds: float, callbacks: Callbacks | None) -> None:
        self._taken = taken
        self._seconds = seconds
        self._callbacks = callbacks
        self._parser = httptools.HttpRequestParser(self)
        self._url, self._body = b"", b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._url, self._body = b"", b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        answer = self._answer(self._parser.get_method())
        if self._seconds:
            asyncio.get_running_loop().call_later(self._seconds, self._write, answer)
        else:
            self._write(answer)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)

    def _answer(self, method: bytes) -> bytes:
        if method == b"POST" and self._url.endswith(b"/mail/send"):
            if found := _SENDGRID.search(self._body):
                attempt = found[1].replace(b"-", b"")
                self._taken.append((attempt, clock.outside()))
                if self._callbacks:
                    self._callbacks.mail(found[1].decode())
                return _SENT % attempt
        elif method == b"POST" and self._url.endswith(b"/Messages.json"):
            if found := _TWILIO.search(self._body):
                self._taken.append((found[2], clock.outside()))
                if self._callbacks:
                    self._callbacks.phone(unquote_to_bytes(found[1]).decode(), f"SM{found[2].decode()}")
                return _CREATED % found[2]
        elif self._url == b"/taken":
            if method == b"DELETE":
                self._taken.clear()
            listed = b"\n".join(b"%s %.6f" % one for one in self._taken)
            return _OTHER % (b"200 OK", len(listed), listed)
        elif method == b"GET" and b"/Messages.json" in self._url:
            listed = msgspec.json.encode({"messages": [], "next_page_uri": None})
            return _OTHER % (b"200 OK", len(listed), listed)
        return _OTHER % (b"400 Bad Request", 0, b"")


async def serve(told: Told) -> None:
    """Accept whatever comes until standard input ends."""
    loop = asyncio.get_running_loop()
    callbacks = Callbacks(told.events_url, told.twilio_token, told.sendgrid_key) if told.events_url else None
    taken: list[tuple[bytes, float]] = []
    made = partial(Connection, taken, told.seconds, callbacks)
    server = await loop.create_server(made, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    if callbacks:
        callbacks.close()


if __name__ == "__main__":
    uvloop.run(serve(msgspec.json.decode(sys.argv[1], type=Told)))
