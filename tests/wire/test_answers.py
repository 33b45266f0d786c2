"""An answer counts when it is whole, however it comes."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifier.wire.answer import Answer, Broken
from tests.wire.peers import LOOPS, OK, Serving, always, bodies, client, peer, post, request, run, saying, told_by

CHUNKED = (
    b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX-Id: 7\r\n\r\n"
    b'3;ext=1\r\n{"a\r\n4\r\n":1}\r\n0\r\nX-Id: late\r\n\r\n'
)
HINTED = b"HTTP/1.1 103 Early Hints\r\nX-Id: early\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + CHUNKED
UNTIL_CLOSED = b'HTTP/1.1 200 OK\r\nX-Id: 7\r\n\r\n{"a":1}'


def pieces(*parts: bytes) -> Serving:
    """Answer in pieces, each sent on its own, and hang up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()

    return serve


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("said", [CHUNKED, HINTED, UNTIL_CLOSED], ids=["chunked", "hinted", "until closed"])
def test_an_answer_is_read_byte_by_byte(said: bytes, loop: str) -> None:
    (answer,) = told_by(pieces(*(said[at : at + 1] for at in range(len(said)))), loop=loop)

    assert isinstance(answer, Answer)
    assert (answer.status // 100, answer.json(), answer.headers["x-id"]) == (2, {"a": 1}, "7")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    said=st.sampled_from([CHUNKED, HINTED, UNTIL_CLOSED, OK]),
    cuts=st.lists(st.integers(0, len(HINTED)), max_size=6).map(sorted),
)
def test_an_answer_is_the_same_however_it_is_cut(said: bytes, cuts: list[int]) -> None:
    parts = [said[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(said)], strict=True)]

    (answer,) = told_by(pieces(*filter(None, parts)))

    assert isinstance(answer, Answer)
    assert answer.body in {b'{"a":1}', b"{}"}


@pytest.mark.parametrize("said", [CHUNKED, HINTED, OK], ids=["chunked", "hinted", "counted"])
def test_an_answer_cut_anywhere_is_no_answer(said: bytes) -> None:
    async def call() -> list[object]:
        left = iter(range(len(said)))

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(said[: next(left)])
            writer.close()
            await writer.wait_closed()

        async with peer(serve) as found, client() as calling:
            return [await post(calling, found.url) for _ in said]

    told = run(call())

    assert [one for one in told if not isinstance(one, Broken)] == []


@pytest.mark.parametrize(
    "said",
    [
        b"SMTP ready\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nwho knows",
        b"HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
    ],
)
@pytest.mark.parametrize("loop", LOOPS)
def test_what_is_no_answer_is_unknown(said: bytes, loop: str) -> None:
    (told,) = told_by(saying(said), loop=loop)

    assert isinstance(told, Broken)


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body_whatever_they_say(status: int) -> None:
    (told,) = told_by(saying(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status))

    assert isinstance(told, Answer)
    assert (told.status, told.body) == (status, b"")


def test_an_answer_that_never_ends_is_left() -> None:
    whole = told_by(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000), largest=2000)
    long = told_by(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n" + b"x" * 3000), largest=2000)
    wordy = told_by(always(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000), largest=2000)

    assert isinstance(whole[0], Answer)
    assert bodies(long) == bodies(wordy) == ["an answer of more than 2000 bytes"]


def test_a_repeated_header_counts_as_said_last_and_none_is_made_of_a_body() -> None:
    (told,) = told_by(saying(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 9\r\n\r\n\r\nX-B: 3\r\n"))

    assert isinstance(told, Answer)
    assert dict(told.headers) == {"x-a": "2", "content-length": "9"}
    assert (told.headers.get("x-b"), len(told.headers), "x-a" in told.headers) == (None, 2, True)
    assert repr(told.headers) == "{'x-a': '2', 'content-length': '9'}"


def test_an_answer_that_comes_too_slowly_is_unknown() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        for byte in OK:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)

    (told,) = told_by(drip, total=timedelta(seconds=0.2))

    assert told == Broken("no answer within 0.2 s")
