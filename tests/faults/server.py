"""A PostgreSQL of the test's own, on a small disk of its own: to be killed, filled up and started again."""

import contextlib
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from notifier.embedded.binaries import reachable
from notifier.embedded.launch import OWNER, initialise, launch, stop
from notifier.embedded.place import UNPRIVILEGED, Place, prepare

MEGABYTES = 1200
"""WAL alone may take 512."""
DISK = "NOTIFIER_TEST_DISK"


class Server:
    """One server and its postmaster, our child: nobody else starts it again."""

    def __init__(self, place: Place) -> None:
        self._place, self._programs = place, reachable(place)
        initialise(place, self._programs)
        self._postmaster = launch(place, self._programs)
        self._ballast = place.home / "ballast"

    @property
    def url(self) -> str:
        return f"postgresql://{OWNER}@/postgres?host={self._place.socket}"

    def kill(self) -> None:
        """Kill -9 the postmaster; its backends are left to notice."""
        self._postmaster.kill()
        self._postmaster.wait()

    def stop_at_once(self) -> None:
        """Do what `pg_ctl stop -m immediate` does: nothing is written, recovery follows."""
        self._postmaster.send_signal(signal.SIGQUIT)
        self._postmaster.wait(30)

    def kill_a_backend(self, dice: random.Random) -> None:
        """Kill -9 one process that serves a client: PostgreSQL throws all the others out and recovers by itself."""
        backends = [one for one in psutil.Process(self._postmaster.pid).children() if f" {OWNER} " in _title(one)]
        if backends:
            with contextlib.suppress(psutil.NoSuchProcess):
                dice.choice(backends).kill()

    def fill_up(self) -> None:
        """Leave no byte of the disk free."""
        with self._ballast.open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while ballast.write(b"\0" * 1_000_000):
                pass

    def make_room(self) -> None:
        self._ballast.unlink()

    def revive(self) -> None:
        """Start it unless it stands, and wait until it answers."""
        end = time.monotonic() + 60
        while True:
            if self._postmaster.poll() is not None:
                self._postmaster = launch(self._place, self._programs)
            with contextlib.suppress(psycopg.Error), psycopg.connect(self.url, connect_timeout=5) as connection:
                connection.execute("SELECT 1")
                return
            if time.monotonic() > end:
                raise AssertionError("PostgreSQL did not come back within a minute")
            time.sleep(0.05)

    def close(self) -> None:
        stop(self._postmaster)


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """Give a server on an empty disk of `MEGABYTES`; needs root, or a mounted one in `NOTIFIER_TEST_DISK`."""
    with _disk() as home:
        place = Place(home=home, socket=home / "socket", user="" if os.geteuid() else UNPRIVILEGED)
        prepare(place)
        server = Server(place)
        try:
            yield server
        finally:
            server.close()


@contextlib.contextmanager
def _disk() -> Iterator[Path]:
    if given := os.environ.get(DISK):
        with tempfile.TemporaryDirectory(dir=given) as made:
            yield Path(made)
        return
    with tempfile.TemporaryDirectory(prefix="notifier-faults-") as made:
        size = f"size={MEGABYTES}m,mode=0711"
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", made], capture_output=True, check=False)
        if mounted.returncode:
            pytest.fail(
                f"No disk to fill up: mounting a tmpfs needs root ({mounted.stderr.decode().strip()}). "
                f"Run as root, or mount one of about {MEGABYTES} MB yourself and name it in {DISK}."
            )
        try:
            yield Path(made)
        finally:
            subprocess.run(["umount", made], check=True)


def _title(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""
