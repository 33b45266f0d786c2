"""Where the embedded server lives, and as whom it runs."""

import hashlib
import os
import pwd
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from notifier.errors import Misconfigured

#: PostgreSQL refuses to run as root; this user exists on every Unix and owns nothing.
UNPRIVILEGED = "nobody"
#: A process of root's keeps its data here: the directories above it can be passed by everybody as they are.
SYSTEM = Path("/var/lib/notifier")
#: `sockaddr_un.sun_path` holds 104 bytes on macOS and 108 on Linux; the socket's own name takes 18 of them.
LONGEST_DIRECTORY = 84


class Place(Struct, frozen=True, kw_only=True):
    """One server's directories. Only `data` and `socket` belong to the user it runs as; the rest to its starter."""

    home: Path
    socket: Path
    user: str = ""
    """Empty: as ourselves."""

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "server.log"


def locate(var: Path, *, may_create: bool = False) -> Place:
    """
    Choose the directories for the database that belongs to `var`; touches nothing unless `may_create`.

    Root's data lie elsewhere, and `var/postgresql` links to them: who removes `var` begins anew, and does not meet the
    database of another time.
    """
    var = var.resolve()
    short = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    if os.geteuid() == 0:
        home = _linked(var / "postgresql", SYSTEM / f"{short}-{secrets.token_hex(4)}", may_create=may_create)
        return Place(home=home, socket=home / "socket", user=UNPRIVILEGED)
    home = var / "postgresql"
    socket = home / "socket"
    if len(os.fsencode(socket)) > LONGEST_DIRECTORY:
        socket = Path(f"/tmp/notifier-{os.geteuid()}-{short}")  # noqa: S108 - made 0700 and its owner checked
    return Place(home=home, socket=socket)


def _linked(link: Path, new: Path, *, may_create: bool) -> Path:
    if may_create and not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another process was first; its choice is the one
            link.symlink_to(new)
    return link.readlink() if link.is_symlink() else new


def prepare(place: Place) -> None:
    """
    Make the directories that are missing; those that exist keep their permissions.

    Raises:
        Misconfigured: a directory cannot be made, or somebody else's stands where the socket should be.
    """
    try:
        _make(place.home.parent, 0o755 if place.user else None)
        _make(place.home, 0o711 if place.user else 0o700)
        own_directory(place, place.socket)
    except OSError as error:
        raise Misconfigured(
            f"The embedded PostgreSQL needs {error.filename}: {error.strerror}. Set NOTIFIER_VAR to a directory that "
            "can be written, or NOTIFIER_DATABASE_URL to a PostgreSQL of your own."
        ) from error


def _make(directory: Path, mode: int | None) -> None:
    if directory.exists():
        return
    directory.mkdir(parents=True)
    if mode is not None:
        directory.chmod(mode)  # whatever the umask says: the server's user must be able to pass


def own_directory(place: Place, directory: Path) -> None:
    """Make a directory only the server's user may enter, or check that the one there is such a one."""
    uid, gid = ids(place)
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
            raise Misconfigured(
                f"{directory} must be a directory of user {uid} with mode 0700. Remove it and start again."
            ) from None
    else:
        os.chown(directory, uid, gid)


def ids(place: Place) -> tuple[int, int]:
    """Return the uid and gid the server runs with."""
    if not place.user:
        return os.geteuid(), os.getegid()
    try:
        entry = pwd.getpwnam(place.user)
    except KeyError:
        raise Misconfigured(
            f"There is no user {place.user!r} for the embedded PostgreSQL to run as. Run as an ordinary user, or set "
            "NOTIFIER_DATABASE_URL."
        ) from None
    return entry.pw_uid, entry.pw_gid
