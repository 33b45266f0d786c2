"""Calls go by the proxy the environment names, and none past it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from notifier.wire.answer import Answer, Told, Unsent
from notifier.wire.proxies import Proxies, Proxy
from notifier.wire.request import Origin, Unwritable
from tests.wire.certificates import Authority
from tests.wire.peers import LOOPS, OK, Peer, Serving, always, client, peer, post, request, run

CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def way(url: str, given: Mapping[str, str]) -> Proxy | None:
    scheme, host = url.split("://")
    name, _, port = host.partition(":")
    return Proxies(given).way_to(Origin(scheme, name, int(port or {"http": 80, "https": 443}[scheme])))


def test_each_scheme_has_a_proxy_of_its_own() -> None:
    given = {"http": "http://one.example:3128", "https": "http://us:pa@two.example"}

    assert way("http://a.example", given) == Proxy(Origin("http", "one.example", 3128), "")
    assert way("https://a.example", given) == Proxy(Origin("http", "two.example", 80), "Basic dXM6cGE=")
    assert way("https://a.example", {"all": "three.example:1"}) == Proxy(Origin("http", "three.example", 1), "")
    assert way("https://a.example", {"https": ""}) is None


def test_the_environment_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://one.example:3128")
    monkeypatch.setenv("no_proxy", "b.example")

    assert Proxies().way_to(Origin("https", "a.example", 443)) == Proxy(Origin("http", "one.example", 3128), "")
    assert Proxies().way_to(Origin("https", "b.example", 443)) is None


@pytest.mark.parametrize(
    "no", ["a.example", ".example", "*.example", "EXAMPLE", "*", "b, a.example", "a.example:443", "b,.a.example"]
)
def test_some_hosts_are_called_directly(no: str) -> None:
    assert way("https://a.example", {"https": "http://p.example", "no": no}) is None


@pytest.mark.parametrize(
    "no", ["a.example:80", "xa.example", "ample", "", ",", "b.example", "10.0.0.0/8", "b.a.example"]
)
def test_other_hosts_are_not(no: str) -> None:
    assert way("https://a.example", {"https": "http://p.example", "no": no}) is not None


def test_networks_are_called_directly() -> None:
    given = {"http": "http://p.example", "no": "localhost,127.0.0.0/8,[::1]"}

    assert way("http://127.0.0.1:8001", given) is None
    assert Proxies(given).way_to(Origin("http", "::1", 80)) is None
    assert way("http://128.0.0.1", given) is not None


@pytest.mark.parametrize("url", ["socks5://p.example:1080", "https://p.example"])
def test_a_proxy_we_cannot_speak_to_is_not_gone_past(url: str) -> None:
    with pytest.raises(Unwritable):
        way("https://a.example", {"all": url})


def test_a_call_is_relayed_with_its_whole_address() -> None:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await request(reader))
        writer.write(OK)

    async def call() -> Told:
        async with peer(relay) as proxy:
            given = {"http": proxy.url.replace("//", "//us:pa@")}
            async with client(proxies=given) as calling:
                return await post(calling, "http://a.invalid:81/x?y")

    heard: list[bytes] = []
    told = run(call())

    assert isinstance(told, Answer)
    assert heard[0].startswith(b"POST http://a.invalid:81/x?y HTTP/1.1\r\nHost: a.invalid:81\r\n")
    assert b"\r\nProxy-Authorization: Basic dXM6cGE=\r\n" in heard[0]


def test_a_proxy_that_wants_other_credentials_has_relayed_nothing() -> None:
    async def call() -> Told:
        refusal = b"HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n"
        async with peer(always(refusal)) as proxy, client(proxies={"http": proxy.url}) as calling:
            started = calling.start(calling.prepare("POST", "http://a.invalid/", {}), b"{}", lambda told: told)
            assert await started == await post(calling, "http://a.invalid/")
            return await started

    assert run(call()) == Unsent("the proxy wants other credentials")


def tunnelling(to: Peer, heard: list[bytes], *, connected: bytes = CONNECTED) -> Serving:
    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        far, far_out = await asyncio.open_connection("127.0.0.1", to.port)
        try:
            for byte in connected:
                writer.write(bytes([byte]))
                await writer.drain()
            await asyncio.gather(pump(reader, far_out), pump(far, writer))
        finally:
            far_out.transport.abort()

    return serve


@pytest.mark.parametrize("loop", LOOPS)
def test_a_call_is_tunnelled_and_the_proxy_sees_only_whom_it_is_for(loop: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def call() -> list[Told]:
        async with peer(always(OK), tls=authority.serving()) as far, peer(tunnelling(far, heard)) as proxy:
            given = {"https": proxy.url.replace("//", "//us:pa@")}
            async with client(proxies=given, tls=authority.trusting()) as calling:
                return [await post(calling, far.url, Authorization="secret") for _ in range(2)]

    heard: list[bytes] = []
    told = run(call(), loop)

    assert [one for one in told if not isinstance(one, Answer)] == []
    assert len(heard) == 1
    assert heard[0].startswith(b"CONNECT localhost:")
    assert b"\r\nProxy-Authorization: Basic dXM6cGE=\r\n" in heard[0]
    assert b"secret" not in heard[0]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    "says",
    [
        b"HTTP/1.1 407 Who are you?\r\n\r\n",
        b"HTTP/1.1 502 Nobody there\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nand more",
        b"HTTP/1.1 200 OK\r\n",
        b"SSH-2.0-server\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000,
        b"",
    ],
)
def test_a_proxy_that_does_not_connect_was_told_nothing(says: bytes, loop: str) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(says)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def call() -> Told:
        async with peer(refuse) as proxy, client(proxies={"https": proxy.url}) as calling:
            return await post(calling, "https://a.invalid/")

    told = run(call(), loop)

    assert isinstance(told, Unsent)
    assert "the proxy" in told.detail
