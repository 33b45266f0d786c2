"""
Bring a database to the newest revision, from wherever the package is installed.

Alembic itself is imported only when there is something to do: a process that starts on a current database is 10 MB
smaller and half a second earlier without it. Revisions are the numbers the files' names begin with.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, text

from notifier.db import driver_url
from notifier.errors import Misconfigured

#: Whoever holds this advisory lock migrates; the others wait and find nothing left to do.
LOCK = 4_713_508_021
VERSIONS = Path(__file__).parent / "versions"


class UnknownRevision(Misconfigured):
    """The database was migrated by a newer version than this one."""


def upgrade(url: str) -> bool:
    """
    Run the migrations still missing, in one transaction; return whether there were any.

    Several processes may call this at once. When there is nothing to do it costs one query.

    Raises:
        UnknownRevision: the database is ahead of this code.
    """
    engine = create_engine(driver_url(url), poolclass=NullPool)
    if is_current(engine):
        return False
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        if _revision(connection) == revisions()[-1]:
            return False
        _migrate(connection)
    return True


def is_current(engine: Engine) -> bool:
    """
    Say whether the database is at the newest revision.

    Raises:
        UnknownRevision: it is at one this code has never heard of.
    """
    with engine.connect() as connection:
        revision = _revision(connection)
    if revision is not None and revision not in revisions():
        raise UnknownRevision(
            f"The database is at revision {revision}, which this version does not know. Run the version that wrote it, "
            "or a newer one."
        )
    return revision == revisions()[-1]


@cache
def revisions() -> list[str]:
    """Return every revision there is, oldest first."""
    return sorted(file.name.partition("_")[0] for file in VERSIONS.glob("[0-9]*.py"))


def _revision(connection: Connection) -> str | None:
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one() is None:
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "notifier:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
