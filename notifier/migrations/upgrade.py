"""Bring a database to the newest revision, from wherever the package is installed."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, text

from notifier.db import driver_url
from notifier.errors import Misconfigured

#: Whoever holds this advisory lock migrates; the others wait and find nothing left to do.
LOCK = 4_713_508_021


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
        if _revision(connection) == _newest():
            return False
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True


def is_current(engine: Engine) -> bool:
    """
    Say whether the database is at the newest revision.

    Raises:
        UnknownRevision: it is at one this code has never heard of.
    """
    with engine.connect() as connection:
        revision = _revision(connection)
    known = {script.revision for script in _scripts().walk_revisions()}
    if revision is not None and revision not in known:
        raise UnknownRevision(
            f"The database is at revision {revision}, which this version does not know. Run the version that wrote it, "
            "or a newer one."
        )
    return revision == _newest()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _newest() -> str | None:
    return _scripts().get_current_head()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "notifier:migrations")
    return config
