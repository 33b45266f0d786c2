"""Doorbells of the test's own: a Redis or a RabbitMQ on a free port, to be stopped and started again."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.house import free_port

RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"
"""Not the one on the PATH, which becomes the user `rabbitmq`."""


class Doorbell:
    """A broker that keeps nothing: what was rung and not heard is gone with its process."""

    def __init__(self, url: str, port: int, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self.url, self.port = url, port
        self._start = start
        self._process = start()
        self._listens()

    def kill(self) -> None:
        """Kill -9 it, and what it started: RabbitMQ's own script is only the parent."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)

    def revive(self) -> None:
        if self._process.poll() is None:
            raise AssertionError("it was not stopped")
        self._process = self._start()
        self._listens()

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()

    def _listens(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        raise AssertionError(f"nothing listens on port {self.port}")


@contextlib.contextmanager
def redis(var: Path) -> Iterator[Doorbell]:
    """Start a Redis without memory."""
    program, port = _program("redis-server"), free_port()
    line = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(var)]
    with contextlib.closing(Doorbell(f"redis://127.0.0.1:{port}/0", port, lambda: _run(line, var, {}))) as bell:
        yield bell


@contextlib.contextmanager
def rabbitmq(var: Path) -> Iterator[Doorbell]:
    """Start a RabbitMQ node of another name than any other's."""
    program, port = _program(RABBITMQ), free_port()
    environ = {
        "RABBITMQ_NODENAME": f"faults{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(var / "rabbitmq"),
        "RABBITMQ_LOG_BASE": str(var),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(var / "plugins"),
        "RABBITMQ_CONFIG_FILE": str(var / "none"),
        "HOME": str(var),
    }
    url = f"amqp://guest:guest@127.0.0.1:{port}"
    with contextlib.closing(Doorbell(url, port, lambda: _run([program], var, environ))) as bell:
        yield bell


def _run(line: list[str], var: Path, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    with (var / "doorbell.log").open("ab") as log:
        return subprocess.Popen(line, env={**os.environ, **environ}, stdout=log, stderr=log)


def _program(name: str) -> str:
    """Find it; absent on a laptop the test is skipped, where services are required it fails."""
    if found := shutil.which(name):
        return found
    if os.environ.get("NOTIFIER_TEST_REQUIRE"):
        pytest.fail(f"{name} is required here and not installed")
    pytest.skip(f"no {name}")
