"""Whoever reads the README finds every page, every command and every room."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from notifier.cli import commands
from tests.house import sources

README = (sources.ROOT / "README.md").read_text()
PAGES = sorted((sources.ROOT / "docs").glob("*.md"))
PROSE = README + "".join(page.read_text() for page in PAGES)


def _named(group: click.Group, before: str = "notifier") -> Iterator[str]:
    for name, command in group.commands.items():
        if not command.hidden:
            yield f"{before} {name}"
            if isinstance(command, click.Group):
                yield from _named(command, f"{before} {name}")


def test_every_page_is_linked_from_the_readme() -> None:
    assert [sources.shown(page) for page in PAGES if f"]({sources.shown(page)})" not in README] == []


def test_every_command_is_named() -> None:
    assert [name for name in _named(commands) if not re.search(rf"{name}\b", PROSE)] == []


def test_no_command_is_named_that_there_is_not() -> None:
    named = re.findall(r"(?:^|`)notifier ([a-z]+)(?=[ `])", PROSE, flags=re.MULTILINE)

    assert named
    assert set(named) <= set(commands.commands)


def test_every_room_is_on_the_map() -> None:
    rooms = sorted(path.parent.name for path in (sources.ROOT / "notifier").glob("*/__init__.py"))
    map_of_rooms = README.partition("## The house")[2].partition("## Words")[0]

    assert [room for room in rooms if f"{room}/" not in map_of_rooms] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_metric_is_explained() -> None:
    places = ("api/health.py", "api/hooks.py")
    code = "".join((sources.ROOT / "notifier" / place).read_text() for place in places)
    told = (sources.ROOT / "docs" / "running.md").read_text()

    assert [name for name in re.findall(r'"(notifier_\w+)"', code) if f"`{name}`" not in told] == []
