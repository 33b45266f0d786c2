"""Small enough to be read at a sitting."""

from pathlib import Path

from tests.house import sources

MODULE_LINES, TEST_LINES, TEMPLATE_LINES, PACKAGE_MODULES = 300, 400, 150, 10
#: Not rooms: the package whose modules are the composition roots and what everything stands on.
ROOTS = {"notifier", "billing"}


def test_no_module_is_longer_than_300_lines() -> None:
    assert _longer(sources.modules(), MODULE_LINES) == []


def test_no_test_module_is_longer_than_400_lines() -> None:
    assert _longer(sources.tests(), TEST_LINES) == []


def test_no_template_is_longer_than_150_lines() -> None:
    assert _longer(sources.templates(), TEMPLATE_LINES) == []


def test_no_room_has_more_than_ten_modules() -> None:
    rooms: dict[str, int] = {}
    for path in sources.modules():
        room = sources.shown(path.parent)
        rooms[room] = rooms.get(room, 0) + (path.name not in {"__init__.py", "__main__.py"})

    assert {room: count for room, count in rooms.items() if count > PACKAGE_MODULES and room not in ROOTS} == {}


def _longer(paths: list[Path], limit: int) -> list[str]:
    counted = [(len(path.read_text().splitlines()), sources.shown(path)) for path in paths]
    return [f"{name}: {lines} lines" for lines, name in counted if lines > limit]
