"""Open a connection: find the address, go by a proxy if there is one, and know with whom one speaks."""

import asyncio
import re
import socket
from collections.abc import Callable
from ssl import SSLContext

import aiohappyeyeballs

from notifier.wire.connection import Connection
from notifier.wire.proxies import Proxy
from notifier.wire.request import Origin

PAUSE = 0.25
"""Seconds until the next address of a name is tried beside the last (RFC 8305)."""
_LONGEST_HEAD = 16_384
_TUNNELLED = re.compile(rb"HTTP/1\.[01] 2\d\d[ \r]")


class NoTunnel(ConnectionError):
    """The proxy would not connect us."""


async def opened(
    made: Callable[[], Connection], to: Origin, *, proxy: Proxy | None, tls: SSLContext | None, within: float
) -> Connection:
    """
    Return an established connection; `tls` for https, whose certificate must name the host.

    Raises:
        OSError, TimeoutError: there is none (refused, no such name, certificate, `within` seconds are over).
    """
    try:
        async with asyncio.timeout(within):
            return await _established(made, to, proxy, tls)
    except TimeoutError as error:
        raise TimeoutError(f"not within {within:g} s") from error


async def _established(
    made: Callable[[], Connection], to: Origin, proxy: Proxy | None, tls: SSLContext | None
) -> Connection:
    loop = asyncio.get_running_loop()
    sock = await _connected(loop, proxy.origin if proxy else to)
    if proxy and tls:
        try:
            await _tunnelled(loop, sock, to, proxy)
        except BaseException:
            sock.close()
            raise
    if tls is None:
        transport, connection = await loop.create_connection(made, sock=sock)
    else:
        transport, connection = await loop.create_connection(made, sock=sock, ssl=tls, server_hostname=to.host)
    if transport.is_closing():
        raise ConnectionResetError("closed at once")
    return connection


async def _connected(loop: asyncio.AbstractEventLoop, to: Origin) -> socket.socket:
    found = await loop.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    sock = await aiohappyeyeballs.start_connection(found, happy_eyeballs_delay=PAUSE, loop=loop)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


async def _tunnelled(loop: asyncio.AbstractEventLoop, sock: socket.socket, to: Origin, proxy: Proxy) -> None:
    """Have the proxy connect. Nobody but it is spoken to, and none of the request, so that any failure is harmless."""
    where = f"[{to.host}]:{to.port}" if ":" in to.host else f"{to.host}:{to.port}"
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    await loop.sock_sendall(sock, "\r\n".join([*lines, "", ""]).encode())
    said = b""
    while b"\r\n\r\n" not in said and len(said) < _LONGEST_HEAD:
        more = await loop.sock_recv(sock, 4096)
        if not more:
            raise NoTunnel("the proxy closed the connection")
        said += more
    if not (_TUNNELLED.match(said) and said.endswith(b"\r\n\r\n")):
        first = said.partition(b"\r\n")[0][:80].decode("latin-1")
        raise NoTunnel(f"the proxy would not connect: {first}")
