"""Whose directories they are: nothing that existed is loosened, and nobody else gets in."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from notifier.embedded import binaries, place
from notifier.embedded.place import Place, locate, prepare
from notifier.embedded.server import acquire
from notifier.errors import Misconfigured

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
NOBODY = 65534

START = (
    "import os, sys, pathlib; os.umask(0o022); from notifier.embedded.server import acquire; "
    "h = acquire(pathlib.Path(sys.argv[1]), may_create=True); print(h.place.home); h.close()"
)


@pytest.fixture
def public() -> Iterator[Path]:
    """Return a directory everybody can pass (pytest's own are for their owner only)."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def test_no_existing_directory_changes_its_permissions(var: Path) -> None:
    var.mkdir()
    var.chmod(0o700)
    watched = [*var.parents, var, Path(sys.prefix), *Path(sys.prefix).parents, Path("/var/lib")]
    before = [_permissions(path) for path in watched]

    acquire(var, may_create=True).close()

    assert [_permissions(path) for path in watched] == before


@as_root
def test_for_root_the_server_runs_unprivileged_and_only_its_own_directories_are_its(var: Path) -> None:
    server = acquire(var, may_create=True)
    directories = server.place

    with psycopg.connect(server.url) as connection:
        (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (0,)
        owner = Path(f"/proc/{pid}").stat().st_uid  # the process goes with its connection

    assert owner == NOBODY
    assert _permissions(directories.data) == (0o700, NOBODY)
    assert _permissions(directories.socket) == (0o700, NOBODY)
    assert _permissions(directories.home) == (0o711, 0)
    assert _permissions(directories.home / "holders") == (0o600, 0)
    server.close()


@as_root
def test_a_strict_umask_does_not_lock_the_server_out(public: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "SYSTEM", public / "notifier")
    before = os.umask(0o077)

    try:
        server = acquire(public / "var", may_create=True)
        server.close()
    finally:
        os.umask(before)

    assert _permissions(public / "notifier") == (0o755, 0)
    assert _permissions(server.place.data) == (0o700, NOBODY)


@as_root
def test_a_wheel_out_of_the_servers_reach_is_copied_once(public: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = public / "hidden"
    hidden.mkdir(mode=0o700)
    wheel = binaries._package()
    (hidden / binaries.PACKAGE).symlink_to(wheel)
    (hidden / binaries.LIBRARIES).symlink_to(wheel.parent / binaries.LIBRARIES)
    monkeypatch.setattr(binaries, "_package", lambda: hidden / binaries.PACKAGE)
    monkeypatch.setattr(binaries, "SYSTEM", public)

    first = binaries.reachable(Place(home=public, socket=public, user="nobody"))
    changed = first.stat().st_mtime_ns
    second = binaries.reachable(Place(home=public, socket=public, user="nobody"))

    assert first == second
    assert first.is_relative_to(public)
    assert not first.is_relative_to(hidden)
    assert second.stat().st_mtime_ns == changed
    assert _permissions(hidden) == (0o700, 0)


@as_root
def test_an_ordinary_user_needs_no_privilege(public: Path) -> None:
    python = "/usr/bin/python3"
    seen = subprocess.run([python, "-V"], capture_output=True, text=True, check=False).stdout.split(".")[:2]
    if seen != [f"Python {sys.version_info.major}", str(sys.version_info.minor)]:
        pytest.skip("no Python of this version that everybody can run")
    os.chown(public, NOBODY, NOBODY)
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ["PATH"]}

    done = subprocess.run(
        [python, "-c", START, public / "var"],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == public / "var" / "postgresql"
    assert _permissions(public / "var" / "postgresql") == (0o700, NOBODY)


def test_a_deep_directory_keeps_its_socket_within_the_systems_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    deep = locate(Path("/home", "a" * 90, "var"))
    ordinary = locate(Path("/home/ana/notifier/var"))

    assert len(str(deep.socket / ".s.PGSQL.5432")) < 104
    assert ordinary.socket == Path("/home/ana/notifier/var/postgresql/socket")


def test_a_socket_directory_somebody_else_can_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "socket").mkdir(mode=0o755)

    with pytest.raises(Misconfigured, match="0700"):
        prepare(Place(home=tmp_path / "home", socket=tmp_path / "socket"))


def _permissions(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mode & 0o7777, found.st_uid


def test_who_removes_var_begins_anew(tmp_path: Path) -> None:
    first = locate(tmp_path / "var", may_create=True)
    again = locate(tmp_path / "var", may_create=True)
    shutil.rmtree(tmp_path / "var", ignore_errors=True)

    anew = locate(tmp_path / "var", may_create=True)

    assert again.home == first.home
    assert anew.home != first.home or os.geteuid() != 0
