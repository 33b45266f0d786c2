"""Whoever does not prove who they are is told nothing."""

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from notifier.wire.answer import Answer, Broken, Told, Unsent
from tests.wire.certificates import Authority
from tests.wire.peers import LOOPS, OK, Serving, always, client, peer, post, request, run, saying


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def called(serving: Serving, shown: ssl.SSLContext, believed: ssl.SSLContext, times: int = 1) -> list[Told]:
    async with peer(serving, tls=shown) as found, client(tls=believed) as calling:
        return [await post(calling, found.url) for _ in range(times)]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_that_is_who_it_says_is_called_over_one_connection(authority: Authority, loop: str) -> None:
    async def call() -> tuple[list[Told], int]:
        believed = authority.trusting()
        async with peer(always(OK), tls=authority.serving()) as found, client(tls=believed) as calling:
            return [await post(calling, found.url) for _ in range(3)], found.connections

    told, many = run(call(), loop)

    assert [one for one in told if not isinstance(one, Answer)] == []
    assert many == 1


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("wrong", ["host", "authority", "expired"])
def test_a_server_that_does_not_prove_who_it_is_is_told_nothing(
    authority: Authority, wrong: str, loop: str, tmp_path: Path
) -> None:
    believed = Authority(tmp_path).trusting() if wrong == "authority" else authority.trusting()
    heard = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1))

    shown = {"host": ("other.example", 1), "authority": ("localhost", 1), "expired": ("localhost", -1)}[wrong]
    (told,) = run(called(listen, authority.serving(shown[0], until=timedelta(days=shown[1])), believed), loop)

    assert isinstance(told, Unsent)
    assert "certificate verify failed" in told.detail
    assert heard in ([], [b""])


def test_by_default_the_systems_authorities_are_believed_and_no_others(authority: Authority) -> None:
    async def call() -> Told:
        async with peer(always(OK), tls=authority.serving()) as found, client() as calling:
            return await post(calling, found.url)

    assert isinstance(run(call()), Unsent)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x28"])
def test_a_server_that_does_not_speak_tls_is_told_nothing(authority: Authority, says: bytes, loop: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(says)
        await writer.drain()

    async def call() -> Told:
        async with peer(serve) as found, client(tls=authority.trusting()) as calling:
            return await post(calling, found.url.replace("http:", "https:"))

    assert isinstance(run(call(), loop), Unsent)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_handshake_that_is_never_answered_is_surely_unsent(authority: Authority, loop: str) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(9)

    async def call() -> Told:
        connect = timedelta(seconds=0.2)
        async with peer(hang) as found, client(tls=authority.trusting(), connect=connect) as calling:
            return await post(calling, found.url.replace("http:", "https:"))

    assert run(call(), loop) == Unsent("no connection: not within 0.2 s")


@pytest.mark.parametrize("loop", LOOPS)
def test_what_ends_without_an_answer_is_unknown(authority: Authority, loop: str) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(OK[:-1])
        await writer.drain()
        writer.transport.abort()

    (told,) = run(called(cut, authority.serving(), authority.trusting()), loop)

    assert isinstance(told, Broken)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_connection_closed_at_rest_is_not_used(authority: Authority, loop: str) -> None:
    async def call() -> list[Told]:
        believed = authority.trusting()
        async with peer(saying(OK), tls=authority.serving()) as found, client(tls=believed) as calling:
            told = []
            for _ in range(3):
                told.append(await post(calling, found.url))
                await asyncio.sleep(0.05)
            return told

    assert [one for one in run(call(), loop) if not isinstance(one, Answer)] == []


def test_the_server_is_told_which_host_is_meant_and_which_protocol(authority: Authority) -> None:
    shown, names, spoken = authority.serving(), [], []
    shown.sni_callback = lambda _, name, __: names.append(name)
    shown.set_alpn_protocols(["h2", "http/1.1"])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        spoken.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        writer.write(OK)
        await writer.drain()

    (told,) = run(called(serve, shown, authority.trusting()))

    assert isinstance(told, Answer)
    assert (names, spoken) == (["localhost"], ["http/1.1"])
