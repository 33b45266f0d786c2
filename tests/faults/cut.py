"""A wire that breaks: a proxy before the sandbox that hangs up in the middle of calls, or holds them up."""

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator

TWILIO = b"POST /2010"
"""How a call begins that may be cut before the other side has it: Twilio can say afterwards that it has not."""


class Wire:
    """
    Forwards bytes; a share of calls is cut, before the other side has them or before its answer comes back.

    `delay` (seconds) holds up what goes either way; who hangs up meanwhile is not forwarded.
    """

    def __init__(self, port: int, *, requests: float, answers: float) -> None:
        self._port, self._requests, self._answers = port, requests, answers
        self._dice = random.Random(7)
        self.cut_requests = self.cut_answers = 0
        self.delay = 0.0
        self._open: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def cut_all(self) -> None:
        """Hang up on everybody, from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in self._open])

    async def forward(self, near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        self._loop = asyncio.get_running_loop()
        far, far_out = await asyncio.open_connection("127.0.0.1", self._port)
        ways = [self._requests_go(near, far_out), self._answers_come(far, near_out)]
        tasks = [asyncio.ensure_future(way) for way in ways]
        self._open.update(tasks)
        try:
            with contextlib.suppress(asyncio.CancelledError):  # the wire is taken away
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            self._open.difference_update(tasks)
            near_out.transport.abort()
            far_out.transport.abort()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _requests_go(self, near: asyncio.StreamReader, far_out: asyncio.StreamWriter) -> None:
        while chunk := await near.read(65536):
            if chunk.startswith(TWILIO) and self._dice.random() < self._requests:
                self.cut_requests += 1
                return
            await asyncio.sleep(self.delay)
            if near.at_eof():
                return
            far_out.write(chunk)
            await far_out.drain()

    async def _answers_come(self, far: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        while chunk := await far.read(65536):
            if self._dice.random() < self._answers:
                self.cut_answers += 1
                return
            await asyncio.sleep(self.delay)
            near_out.write(chunk)
            await near_out.drain()


@contextlib.contextmanager
def cutting(port: int, *, requests: float, answers: float) -> Iterator[tuple[str, Wire]]:
    """Give the URL of a wire to the port on this machine, and the wire."""
    wire, loop = Wire(port, requests=requests, answers=answers), asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(wire.forward, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", wire
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    ours = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in ours:
        task.cancel()
    await asyncio.gather(*ours, return_exceptions=True)
    await asyncio.sleep(0.1)  # a transport is closed in a later turn of the loop
