"""
The process that owns the embedded server: starts it, starts it again should it die, stops it when nobody holds it.

Every user of the server holds a shared lock on the file `holders`; the kernel releases it however the user ends, so
nothing is left running after a `kill -9` either. The keeper leaves its starter's session: Ctrl-C reaches the users
first.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from notifier.embedded.launch import initialise, launch, stop
from notifier.embedded.place import Place

#: How soon an abandoned server stops, and a dead one starts again.
GLANCE_SECONDS = 0.05
#: A server that cannot stay up is given up after this many starts within a minute.
RESTARTS = 5


def main() -> None:
    """Run detached; the first line written says `ready`, or why not."""
    home, socket, user, programs = sys.argv[1:]
    place, binaries = Place(home=Path(home), socket=Path(socket), user=user), Path(programs)
    if os.fork():
        os._exit(0)
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    # `keeper` is let go before `holders`: who waits for `holders` then knows that there is no keeper.
    with (place.home / "holders").open("w") as holders, (place.home / "keeper").open("w") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        try:
            server = _begin(place, binaries)
        except (RuntimeError, OSError) as error:
            _answer(str(error))
            sys.exit(1)
        _answer("ready")
        _keep(place, binaries, server, holders)


def _begin(place: Place, binaries: Path) -> subprocess.Popen[bytes]:
    initialise(place, binaries)
    return launch(place, binaries)


def _keep(place: Place, binaries: Path, server: subprocess.Popen[bytes], holders: IO[str]) -> None:
    starts: list[float] = []
    try:
        while not _nobody_holds(holders):
            if server.poll() is not None:
                starts = [at for at in starts if at > time.monotonic() - 60]
                if len(starts) >= RESTARTS:
                    return
                starts.append(time.monotonic())
                server = launch(place, binaries)
            time.sleep(GLANCE_SECONDS)
    finally:
        stop(server)


def _nobody_holds(holders: IO[str]) -> bool:
    try:
        fcntl.flock(holders, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _answer(text: str) -> None:
    print(text.replace("\n", " "), flush=True)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)


def _leave(*_: object) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
