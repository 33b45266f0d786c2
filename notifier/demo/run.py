"""
Everything on one machine: database, sandbox, web, worker, and a believable business that has lived for a month.

This process only watches the others, so that it stays small: it starts them, restarts what dies, and on Ctrl-C stops
them in the order in which a message travels. What happened stays stored.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Self

import click
import msgspec
import psycopg

from notifier.demo import card as cards
from notifier.demo.card import Card
from notifier.demo.knock import is_up
from notifier.embedded import server
from notifier.errors import Misconfigured, Unavailable
from notifier.settings import PREFIX, Settings

STARTUP_SECONDS = 90
STOPPING_SECONDS = 15
LEAN = {"MALLOC_ARENA_MAX": "2"}
"""glibc otherwise keeps a heap per thread, most of it empty."""


def run(settings: Settings, *, port: int, as_json: bool) -> None:
    """
    Start everything, print where it is, and return when told to stop (Ctrl-C or SIGTERM).

    Raises:
        Misconfigured: a port is taken.
        Unavailable: a part did not come up; its own last words are on standard error.
    """
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    for wanted in (port, port + 1):
        _is_free(wanted)
    with ExitStack() as closing:
        url = settings.database_url
        if not url:
            handle = server.acquire(settings.var, may_create=True)
            closing.callback(handle.close)
            url = handle.url
        card = cards.read(settings.var)
        if card.port != port:
            card.port = port
            cards.write(settings.var, card)
        family = closing.enter_context(
            Family(card.environ(port, settings.var) | {PREFIX + "DATABASE_URL": url}, stopped)
        )
        _raise_up(family, port, has_lived=card.lived_until is not None and _is_known(card, url))
        if not stopped.is_set():
            _announce(cards.read(settings.var), port, as_json=as_json)
            family.watch()


def _raise_up(family: "Family", port: int, *, has_lived: bool) -> None:
    family.start("sandbox")
    family.start("web")
    if not has_lived:
        family.finish("demo-life")
    family.start("worker")
    family.await_answer(f"http://127.0.0.1:{port + 1}/healthz", "sandbox")
    family.await_answer(f"http://127.0.0.1:{port}/readyz", "web")


def _is_known(card: Card, url: str) -> bool:
    """Tell whether the card's people are in this database: it may be another than the one they lived in."""
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('staff')").fetchone() == (None,):
            return False
        wanted = [person.email for person in card.staff]
        found = connection.execute("SELECT count(*) FROM staff WHERE email = ANY(%s)", (wanted,)).fetchone()
    return found == (len(wanted),)


class Family:
    """The demo's processes. Leaving the context stops them: first who sends, then who listens."""

    def __init__(self, environ: Mapping[str, str], stopped: threading.Event) -> None:
        self._environ = {**os.environ, **LEAN, **environ}
        self._stopped = stopped
        self._living: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in ("demo-life", "worker", "web", "sandbox"):
            child = self._living.pop(name, None)
            if child:
                _stop(child)

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start `notifier <name>`, in a session of its own: Ctrl-C reaches it through us, in our order."""
        child = subprocess.Popen(
            [sys.executable, "-m", "notifier", name], env=self._environ, stdin=subprocess.PIPE, start_new_session=True
        )
        self._living[name] = child
        return child

    def finish(self, name: str) -> None:
        """Run `notifier <name>` to its end."""
        child = self.start(name)
        while child.poll() is None and not self._stopped.wait(0.05):
            pass
        if not self._stopped.is_set() and child.returncode:
            raise Unavailable(f"`notifier {name}` ended with code {child.returncode}; see what it said above.")

    def await_answer(self, url: str, name: str) -> None:
        """Wait until the part answers with 200."""
        until = time.monotonic() + STARTUP_SECONDS
        while not self._stopped.is_set():
            if is_up(url):
                return
            if self._living[name].poll() is not None or time.monotonic() > until:
                raise Unavailable(f"The {name} process did not come up; see what it said above.")
            self._stopped.wait(0.05)

    def watch(self) -> None:
        """Restart whatever dies, until told to stop."""
        while not self._stopped.wait(0.5):
            for name, child in list(self._living.items()):
                if child.poll() is not None and name != "demo-life":
                    click.echo(f"{name} ended with code {child.returncode}; starting it again", err=True)
                    self.start(name)


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.stdin:
        child.stdin.close()
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _is_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Misconfigured(f"Port {port} is taken; choose another with --port.") from error


def _announce(card: Card, port: int, *, as_json: bool) -> None:
    console, sandbox, api = (
        f"http://127.0.0.1:{port}/console/",
        f"http://127.0.0.1:{port + 1}/",
        f"http://127.0.0.1:{port}",
    )
    if as_json:
        card_json = {
            "console_url": console,
            "sandbox_url": sandbox.rstrip("/"),
            "api_url": api,
            "api_key": card.api_key,
            "staff": card.staff,
        }
        click.echo(msgspec.json.encode(card_json))
        return
    click.echo(f"Console   {console}")
    for person in card.staff:
        click.echo(f"          {person.role:10} {person.email}  {person.password}")
    click.echo(f"Phones    {sandbox}")
    click.echo(f"API       {api}/api/v1/triggers   Authorization: Bearer {card.api_key}")
    click.echo("Ctrl-C stops everything; what happened stays stored.")
