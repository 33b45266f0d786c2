"""A database to migrate."""

from collections.abc import Iterator

import pytest

from tests.support import databases


@pytest.fixture
def empty(server: str) -> Iterator[str]:
    """Return the URL of a database with nothing in it."""
    with databases.copied(server, "template1") as url:
        yield url
