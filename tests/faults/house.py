"""The whole product as processes: sandbox, web and workers on one database, to be killed and watched."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import text

from notifier.db import Database


class House:
    """
    Processes on one database. Every one is killed at the end, by its own number.

    Their waits are such as `notifier doctor` calls safe, and for evidence longer than a callback takes that found the
    web process or the database gone and comes again.
    """

    def __init__(self, url: str, var: Path, **settings: str) -> None:
        self.port, self.sandbox_port = free_port(), free_port()
        self.var = var
        self.url = f"http://127.0.0.1:{self.port}"
        self.sandbox = f"http://127.0.0.1:{self.sandbox_port}"
        ours = {
            "DATABASE_URL": url, "VAR": str(var), "SECRET_KEY": "k" * 40, "PORT": str(self.port),
            "PUBLIC_URL": self.url, "TWILIO_API_URL": self.sandbox,
            "TWILIO_ACCOUNT_SID": "AC" + "1" * 32, "TWILIO_AUTH_TOKEN": "t" * 32, "TWILIO_SMS_FROM": "+15005550006",
            "TWILIO_WHATSAPP_FROM": "+14155238886", "SENDGRID_API_URL": self.sandbox, "SENDGRID_API_KEY": "SG.key",
            "LEASE_SECONDS": "23", "EVIDENCE_SECONDS": "45", "CALLS": "40", **settings,
        }  # fmt: skip
        clean = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER_")}
        self.environ = {**clean, **{f"NOTIFIER_{name}": value for name, value in ours.items()}}
        self._running: list[subprocess.Popen[bytes]] = []
        self.log = var / "processes.log"

    def start(self, *command: str, **settings: str) -> subprocess.Popen[bytes]:
        """Run a command, with `settings` of its own; what it says goes to `log`."""
        own = {f"NOTIFIER_{name}": value for name, value in settings.items()}
        line = [sys.executable, "-m", "notifier", *command]
        with self.log.open("ab") as log:
            process = subprocess.Popen(line, env={**self.environ, **own}, stdout=log, stderr=log)
        self._running.append(process)
        return process

    def open_web(self) -> None:
        """Start the web process and wait until it answers."""
        self.web = self.start("web")
        wait(lambda: answers(f"{self.url}/healthz"), seconds=60, what="the web process")

    def finish(self, *command: str) -> bytes:
        line = [sys.executable, "-m", "notifier", *command]
        return subprocess.run(line, env=self.environ, check=True, stdout=subprocess.PIPE, timeout=120).stdout

    def close(self) -> None:
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self.sandbox + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            raw = answer.read()
        return json.loads(raw) if raw else None

    def received(self) -> Counter[str]:
        """Count what the sandbox took, by attempt's recipient and channel."""
        return Counter(f"{one['channel']} {one['to']}" for one in self.ask("GET", "/api/messages?limit=100000"))


def wait(until: Callable[[], bool], *, seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:g} s for {what}")
        time.sleep(0.1)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def states(database: Database) -> dict[str, int]:
    with database.begin() as db:
        return {row[0]: row[1] for row in db.execute(text("SELECT state, count(*) FROM messages GROUP BY 1")).all()}


@contextlib.contextmanager
def opened(url: str, var: Path, **settings: str) -> Iterator[House]:
    """Give a house whose sandbox and web answer; start workers yourself."""
    house = House(url, var, **settings)
    try:
        house.start("sandbox", "--port", str(house.sandbox_port))
        wait(lambda: answers(f"{house.sandbox}/healthz"), seconds=60, what="the sandbox")
        with urllib.request.urlopen(f"{house.sandbox}/healthz", timeout=5) as health:
            key = json.loads(health.read())["sendgrid_public_key"]
        house.environ["NOTIFIER_SENDGRID_WEBHOOK_KEY"] = key
        content = var / "content.json"
        content.write_bytes(house.finish("templates", "push"))
        house.environ["NOTIFIER_WHATSAPP_CONTENT"] = str(content)
        house.open_web()
        yield house
    finally:
        house.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
