"""Nothing is decided for a reason that nobody can read."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifier.planning.reasons import SENTENCES

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("journeys", "planning", "messages", "providers", "sending")


def codes(file: Path) -> Iterator[str]:
    """Return every literal given as a reason: `reason="no-answer"`, also as one branch of `x if y else z`."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.keyword) and node.arg == "reason":
            given = [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
            yield from (one.value for one in given if isinstance(one, ast.Constant) and one.value)


@pytest.mark.parametrize("room", ROOMS)
def test_every_reason_has_its_sentence(room: str) -> None:
    used = {code for file in (ROOT / "notifier" / room).rglob("*.py") for code in codes(file)}

    assert {code for code in used if code not in SENTENCES} == set()
