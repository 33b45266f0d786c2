"""
The accept side of Twilio and SendGrid, as fast as one Python process can be; it remembers every attempt it took.

`python -m notifier.bench.sink` prints its port, and serves until its standard input ends. `GET /taken` returns the
attempt ids it has accepted, one a line, in order; `DELETE /taken` forgets them.
"""

import asyncio
import re
import sys
from functools import partial
from typing import cast

import httptools
import msgspec
import uvloop

_TWILIO = re.compile(rb"%2F([0-9a-f]{32})\.[0-9a-f]+")
_SENDGRID = re.compile(rb'"attempt_id":"([0-9a-f-]{36})"')
_SENT = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nX-Message-Id: %s\r\n\r\n"
_CREATED = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 155\r\n\r\n"
    b'{"sid":"SM%s","status":"queued","num_segments":"1","num_media":"0","price":null,"error_code":null,'
    b'"api_version":"2010-04-01"}'
)
_OTHER = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s"


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, taken: list[bytes], seconds: float) -> None:
        self._taken = taken
        self._seconds = seconds
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
                self._taken.append(found[1].replace(b"-", b""))
                return _SENT % found[1].replace(b"-", b"")
        elif method == b"POST" and self._url.endswith(b"/Messages.json"):
            if found := _TWILIO.search(self._body):
                self._taken.append(found[1])
                return _CREATED % found[1]
        elif self._url == b"/taken":
            if method == b"DELETE":
                self._taken.clear()
            listed = b"\n".join(self._taken)
            return _OTHER % (b"200 OK", len(listed), listed)
        elif method == b"GET" and b"/Messages.json" in self._url:
            listed = msgspec.json.encode({"messages": [], "next_page_uri": None})
            return _OTHER % (b"200 OK", len(listed), listed)
        return _OTHER % (b"400 Bad Request", 0, b"")


async def serve(seconds: float) -> None:
    """Accept whatever comes, each after `seconds`, until standard input ends."""
    loop = asyncio.get_running_loop()
    taken: list[bytes] = []
    server = await loop.create_server(partial(Connection, taken, seconds), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    uvloop.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
