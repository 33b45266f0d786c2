"""The embedded server: there when needed, gone with its last user, whole after every kind of death."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from notifier.embedded.place import Place, locate
from notifier.embedded.server import NoDatabaseYet, acquire

HOLD = (
    "import sys, time, pathlib; from notifier.embedded.server import acquire; "
    "h = acquire(pathlib.Path(sys.argv[1]), may_create=True); print(h.url, flush=True); time.sleep(60)"
)


def test_what_was_stored_is_there_after_a_restart(var: Path) -> None:
    first = acquire(var, may_create=True)
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'ação' AS word")
    first.close()

    assert _soon(lambda: not _processes(locate(var)))
    second = acquire(var)

    with psycopg.connect(second.url) as connection:
        assert connection.execute("SELECT upper(word) FROM kept").fetchone() == ("AÇÃO",)
    second.close()


def test_the_search_extensions_are_in_the_wheel_and_know_letters_beyond_ascii(var: Path) -> None:
    server = acquire(var, may_create=True)

    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        connection.execute("CREATE EXTENSION unaccent")
        found = connection.execute("SELECT similarity('Женя', 'Женя'), unaccent('João')").fetchone()

    assert found == (1.0, "Joao")
    server.close()


def test_the_last_of_several_processes_stops_it(var: Path) -> None:
    with _holder(var) as other:
        ours = acquire(var)
        ours.close()
        assert _answers(locate(var))

        other.terminate()
        other.wait(5)

    assert _soon(lambda: not _processes(locate(var)))


def test_an_owner_killed_without_a_word_leaves_nothing_running_and_nothing_lost(var: Path) -> None:
    with _holder(var) as owner:
        with psycopg.connect(_url(locate(var))) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        owner.kill()
        owner.wait(5)

    assert _soon(lambda: not _processes(locate(var)))
    again = acquire(var)
    with psycopg.connect(again.url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    again.close()


@pytest.mark.fault
@pytest.mark.parametrize("victims", [{"postgres"}, {"keeper"}, {"keeper", "postgres"}])
def test_a_killed_server_is_recovered(var: Path, victims: set[str]) -> None:
    server = acquire(var, may_create=True)
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")

    dying = [process for process in _processes(locate(var)) if _kind(process) in victims]
    for process in dying:
        process.kill()
    psutil.wait_procs(dying, 5)
    another = acquire(var)

    assert _soon(lambda: _answers(locate(var)))
    with psycopg.connect(another.url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    another.close()
    server.close()
    assert _soon(lambda: not _processes(locate(var)))


def test_a_pid_file_that_names_another_program_is_no_obstacle(var: Path) -> None:
    acquire(var, may_create=True).close()
    (locate(var).data / "postmaster.pid").write_text(f"{os.getpid()}\n{locate(var).data}\n0\n5432\n\n\n\nready\n")

    server = acquire(var)

    assert _answers(locate(var))
    server.close()


def test_ctrl_c_for_the_users_does_not_reach_the_server(var: Path) -> None:
    with _holder(var) as owner:
        sessions = {os.getsid(process.pid) for process in _processes(locate(var))}

        assert os.getsid(owner.pid) not in sessions
        owner.send_signal(signal.SIGINT)
        owner.wait(5)

    assert _soon(lambda: not _processes(locate(var)))


def test_a_command_that_only_reads_makes_no_database(var: Path) -> None:
    with pytest.raises(NoDatabaseYet, match="notifier demo"):
        acquire(var)

    assert not var.exists()
    assert not locate(var).home.exists()


def _holder(var: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, var], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("postgresql://")
    return process


def _processes(place: Place) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = process.info["cmdline"] or []
        if str(place.home) in command or str(place.data) in command:
            found.append(process)
    return found


def _kind(process: psutil.Process) -> str:
    return "keeper" if "notifier.embedded.keeper" in process.cmdline() else "postgres"


def _url(place: Place) -> str:
    return f"postgresql://notifier@/notifier?host={place.socket}"


def _answers(place: Place) -> bool:
    try:
        with psycopg.connect(_url(place)) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def _soon(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False
