"""Which failures are surely unsent."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar, cast

import pytest

from notifier.errors import Unavailable
from notifier.providers.contract import Accepted, NotSent, Outcome, Unknown
from notifier.providers.transport import Answer, Transport

T = TypeVar("T")
Serving = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def posted(transport: Transport, url: str) -> Answer | NotSent | Unknown:
    return await transport.call("POST", url, headers={}, body=b"x")


async def against(serving: Serving, call: Callable[[Transport, str], Awaitable[T]] = posted) -> T:
    served: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(cast("asyncio.Task[None]", asyncio.current_task()))
        with contextlib.suppress(ConnectionError):
            await serving(reader, writer)
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = Transport(total=timedelta(seconds=0.5), connect=timedelta(seconds=0.3))
    try:
        return await call(transport, f"http://127.0.0.1:{port}")
    finally:
        await transport.close()
        server.close()
        await asyncio.gather(*served)


def test_a_refused_connection_is_surely_unsent() -> None:
    async def call() -> Answer | NotSent | Unknown:
        return await Transport().call("POST", "http://127.0.0.1:1/", headers={}, body=b"x")

    outcome = asyncio.run(call())

    assert isinstance(outcome, NotSent)
    assert outcome.reason == "unreachable"


def test_a_connection_cut_after_the_request_is_unknown() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    assert isinstance(asyncio.run(against(cut)), Unknown)


def test_an_answer_that_never_comes_is_unknown() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.read()
        writer.close()

    assert isinstance(asyncio.run(against(hang)), Unknown)


def test_an_answer_cut_in_the_middle_is_unknown() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        writer.close()

    assert isinstance(asyncio.run(against(half)), Unknown)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [(b"HTTP/1.1 202 Yes\r\nX-Id: 7\r\nContent-Length: 0\r\n\r\n", Accepted(ref="7")),
     (b"HTTP/1.1 202 Yes\r\n", Unknown(detail="closed in the middle of the answer"))],
)  # fmt: skip
def test_an_endpoint_says_what_an_answer_means(said: bytes, outcome: Outcome) -> None:
    async def fine(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"PUT /x HTTP/1.1\r\n")
        writer.write(said)
        await writer.drain()

    async def call(transport: Transport, url: str) -> Outcome:
        return await transport.endpoint("PUT", f"{url}/x", headers={}, read=accepted)(b"")

    assert asyncio.run(against(fine, call)) == outcome


@pytest.mark.parametrize(("url", "reason"), [("http://127.0.0.1:1/", "unreachable"), ("nonsense", "account")])
def test_an_endpoint_that_cannot_be_reached_is_surely_unsent_on_whatever_loop(url: str, reason: str) -> None:
    begin = Transport().endpoint("POST", url, headers={}, read=accepted)

    async def call() -> Outcome:
        return await begin(b"x")

    for outcome in (asyncio.run(call()), asyncio.run(call())):
        assert isinstance(outcome, NotSent)
        assert outcome.reason == reason


def accepted(answer: Answer) -> Outcome:
    return Accepted(ref=answer.headers["x-id"])


def test_an_answer_is_read_with_lower_case_headers() -> None:
    async def fine(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    answer = asyncio.run(against(fine))

    assert isinstance(answer, Answer)
    assert (answer.status, answer.retry_after()) == (429, 3.0)


@pytest.mark.parametrize(
    ("url", "headers"),
    [("http://127.0.0.1:1/", {"X": "a\r\nY: b"}), ("ftp://127.0.0.1/", {}), ("nonsense", {}), ("http://\ud800/", {})],
)
def test_what_cannot_be_written_is_surely_unsent_and_waits_for_a_human(url: str, headers: dict[str, str]) -> None:
    outcome = asyncio.run(Transport().call("POST", url, headers=headers, body=b"x"))

    assert isinstance(outcome, NotSent)
    assert (outcome.reason, outcome.retry_after) == ("account", 60.0)
    assert "\n" not in outcome.detail


def test_a_transport_goes_on_on_another_loop() -> None:
    transport = Transport()

    outcomes = [asyncio.run(transport.call("GET", "http://127.0.0.1:1/", headers={})) for _ in range(2)]

    assert [type(outcome) for outcome in outcomes] == [NotSent, NotSent]


def test_asking_in_vain_says_so() -> None:
    with pytest.raises(Unavailable):
        asyncio.run(Transport().ask("http://127.0.0.1:1/", headers={}))
