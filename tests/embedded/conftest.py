"""A place of its own for each test's server, removed afterwards."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifier.embedded.place import locate


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    """Return a directory for settings' `var`; what the server kept for it is removed after the test."""
    chosen = tmp_path / "var"
    yield chosen
    shutil.rmtree(locate(chosen).home, ignore_errors=True)
