"""What every test may ask for: a database that forgets, one that remembers, and the time."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from notifier.db import Database
from notifier.embedded.server import acquire
from tests.support import databases

# How long an example takes says how busy the machine is; what is slow is found by benchmarks.
# Where a change is judged the examples are always the same; everywhere else new ones are tried.
settings.register_profile("house", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("house")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Return the URL of a PostgreSQL server on which databases may be made: the configured one, or the wheel's."""
    if given := os.environ.get("NOTIFIER_TEST_DATABASE_URL"):
        yield given
        return
    embedded = acquire(Path("var") / "tests", may_create=True)
    yield embedded.url
    embedded.close()


@pytest.fixture(scope="session")
def template(server: str) -> Iterator[str]:
    """Build a database with every table once per worker; return its name."""
    databases.sweep(server)
    name = databases.worker_name()
    databases.build(server, name)
    yield name
    databases.drop(server, name)


@pytest.fixture(scope="session")
def _scratch(server: str, template: str) -> Iterator[Database]:
    with databases.copied(server, template) as url:
        database = Database(url)
        yield database
        database.close()


@pytest.fixture
def connection(_scratch: Database) -> Iterator[Connection]:
    """Open a connection whose outer transaction is rolled back after the test."""
    with _scratch.engine.connect() as opened:
        outer = opened.begin()
        yield opened
        outer.rollback()


@pytest.fixture
def db(connection: Connection) -> Iterator[Session]:
    """Open a session on the rolled-back connection; `commit` only ends a savepoint."""
    with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        yield session


@pytest.fixture
def database(_scratch: Database, connection: Connection) -> Iterator[Database]:
    """Give a Database whose transactions are savepoints of the test's own, on the connection `db` uses."""
    joined = Database(_scratch.url, join=connection)
    yield joined
    joined.close()


@pytest.fixture
def live_database(server: str, template: str) -> Iterator[Database]:
    """Give a private database that really commits, for tests with several connections or processes; dropped after."""
    with databases.copied(server, template) as url:
        live = Database(url)
        yield live
        live.close()


@pytest.fixture
def now() -> datetime:
    """Return a Wednesday at 14:00 UTC: decent hours from San Francisco to Berlin."""
    return datetime(2026, 11, 18, 14, tzinfo=UTC)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that nobody waits for it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(("tests/wheel/", "tests/scenarios/")))
