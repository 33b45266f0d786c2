"""A whole demo, started as a user starts it, and the hands to use it with."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

PATIENCE = 30.0
"""Seconds after which what should happen at once is taken not to happen; nothing here measures speed."""


class Demo:
    """A running demo: its process, and what it printed."""

    def __init__(self, process: subprocess.Popen[bytes], card: dict[str, Any]) -> None:
        self.process = process
        self.card = card

    def call(self, method: str, path: str, body: Any = None, *, base: str = "", key: str | None = None) -> Any:
        """Make an HTTP call; returns the JSON answer, raises `HTTPError` for 4xx and 5xx."""
        url = path if path.startswith("http") else (base or self.card["api_url"]) + path
        headers = {"Authorization": f"Bearer {key or self.card['api_key']}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(url, data=data, headers=headers, method=method), timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Make a call that is to fail; returns status and problem."""
        try:
            self.call(method, path, body, **more)
        except HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")
        raise AssertionError(f"{method} {path} was not refused")

    def sandbox(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox."""
        return self.call(method, path, body, base=self.card["sandbox_url"])

    def arrived(self, address: str, count: int = 1) -> list[Any]:
        """Wait until that many messages are at an address, and return them."""
        return eventually(
            lambda: (
                (got := self.sandbox("GET", f"/api/messages?to={address.replace('+', '%2B')}"))
                and len(got) >= count
                and got
            )
        )

    def messages(self, customer: str) -> list[Any]:
        """Return the messages the notifier keeps of a customer."""
        answer = self.call("GET", f"/api/v1/messages?customer={customer}")
        return answer["messages"] if isinstance(answer, dict) else answer


def eventually(look: Callable[[], Any]) -> Any:
    """Look until there is something, and return it."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if seen := look():
            return seen
        time.sleep(0.05)
    raise AssertionError("it did not happen")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Start `notifier demo` in an empty directory; stopped as with Ctrl-C."""
    home: Path = tmp_path_factory.mktemp("demo")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "notifier", "demo", "--json", "--port", str(free_port())],
        cwd=home,
        env=environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    line = process.stdout.readline()
    assert line, "the demo did not come up"
    yield Demo(process, json.loads(line))
    process.send_signal(signal.SIGINT)
    process.wait(30)
    process.stdout.close()


def free_port() -> int:
    """Return a port that is free, with a free one above it."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no two free ports in a row")
