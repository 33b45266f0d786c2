"""One connection: writes one request at a time and reads its answer."""

import asyncio
import select
import sys
from collections.abc import Callable
from typing import cast

import httptools

from notifier.wire.answer import Answer, Broken, Headers
from notifier.wire.call import Call

LARGEST = 4 * 1024 * 1024
"""Bytes of an answer, its head included. No provider says more; whoever does would fill our memory."""


class Connection(asyncio.Protocol):
    """
    A connection that is established. `free` is called when it can take another request, `lost` when it is gone.

    An answer counts only when it is whole. Whatever is not beyond doubt closes the connection: bytes nobody asked for,
    an answer to a request that is still being written, an answer that does not end where it says.
    """

    def __init__(
        self, *, free: Callable[["Connection"], None], lost: Callable[["Connection"], None], largest: int = LARGEST
    ) -> None:
        self._free = free
        self._lost = lost
        self._largest = largest
        self._parser = httptools.HttpResponseParser(self)
        self.call: Call | None = None

    def start(self, call: Call) -> None:
        """Write a request. The connection is open and free."""
        self.call = call
        self._seen = 0
        self._heads = b""
        self._interim = 0
        self._body: list[bytes] = []
        self._answer: Answer | None = None
        self._has_head = self._has_surplus = False
        call.written_to = self._transport
        self._transport.write(call.request)

    def is_open(self) -> bool:
        return not self._transport.is_closing()

    def has_news(self) -> bool:
        """Look whether something has come that the loop has not told yet: over a connection at rest, that it ends."""
        if sys.platform == "win32":
            return False
        look = select.poll()
        look.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(look.poll(0))

    def close(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self.call is None:
            self._transport.abort()
            return
        self._seen += len(data)
        if self._seen > self._largest:
            self._fail(f"an answer of more than {self._largest} bytes")
            return
        if not self._has_head:
            self._heads += data
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._has_surplus = True
            if self._answer is None:
                self._fail(f"no HTTP: {error}")
        if self._answer is not None:
            self._finish(self._answer)

    def eof_received(self) -> None:
        """End an answer that ends with the connection, unless its head has told another end."""
        if self.call is not None and self._has_head:
            answer = self._read()
            if not {"content-length", "transfer-encoding"} & {*answer.headers}:
                self._finish(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.call is not None:
            what = "in the middle of the answer" if self._seen else "without an answer"
            self._fail(f"closed {what}{f': {exc}' if exc else ''}")
        self._lost(self)

    # What the parser finds, in its words:

    def on_message_begin(self) -> None:
        self._has_surplus = self._answer is not None

    def on_headers_complete(self) -> None:
        self._has_head = True
        self._is_kept = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < 200:
            self._interim += 1  # "continue", "early hints": the answer is still to come
            self._has_head = False
        elif self._answer is None:
            self._answer = self._read()

    def _read(self) -> Answer:
        return Answer(self._parser.get_status_code(), Headers(self._heads, self._interim), b"".join(self._body))

    def _finish(self, answer: Answer) -> None:
        call, self.call = self.call, None
        if call is not None:
            call.end(answer)
        if self._is_kept and not self._has_surplus and not self._transport.get_write_buffer_size():
            self._free(self)
        else:
            self._transport.abort()

    def _fail(self, why: str) -> None:
        call, self.call = self.call, None
        if call is not None:
            call.end(Broken(why))
        self._transport.abort()
