"""Databases for tests: made from a migrated template, thrown away afterwards."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from notifier.migrations.upgrade import upgrade

#: Every database of a test run: `notifier_test_<worker>_<process>…`.
MADE_BY = re.compile(r"notifier_test_[a-z0-9]+_(\d+)(_|$)")


def build(server: str, name: str) -> str:
    """Make the database `name` on `server` by the migrations, as users have it; return its URL."""
    _administer(server, sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    url = named(server, name)
    upgrade(url)
    return url


@contextmanager
def copied(server: str, template: str) -> Iterator[str]:
    """Give the URL of a private copy of `template`, dropped at the end whoever is still connected."""
    name = f"{template[:40]}_{secrets.token_hex(4)}"
    _administer(
        server,
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)),
    )
    try:
        yield named(server, name)
    finally:
        drop(server, name)


def drop(server: str, name: str) -> None:
    """Drop a database, and whoever is connected to it."""
    _administer(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def sweep(server: str) -> None:
    """Drop what test runs left that were killed; their process number is part of the name."""
    with psycopg.connect(server) as connection:
        names = [name for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall()]
    for name in names:
        if (made := MADE_BY.match(name)) and not psutil.pid_exists(int(made[1])):
            drop(server, name)


def named(server: str, name: str) -> str:
    """Return the server's URL with another database's name."""
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def worker_name() -> str:
    """Return a name no other test run and no other worker of this one uses."""
    return f"notifier_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"


def _administer(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)
