"""How Alembic reaches the database: the connection `upgrade` holds, or the configured database for a developer's command."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from sqlalchemy import Connection, create_engine

import billing.models  # noqa: F401 - imported for the tables
from notifier import settings
from notifier.db import driver_url
from notifier.models import metadata


@contextmanager
def _connection() -> Iterator[Connection]:
    given = context.config.attributes.get("connection")
    if given is not None:
        yield given
        return
    engine = create_engine(driver_url(settings.load().database_url))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


with _connection() as connection:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()
