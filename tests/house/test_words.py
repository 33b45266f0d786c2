"""Words that may not stand in the sources, and the few places where some must."""

import ast
import re
import subprocess
from pathlib import Path

from notifier import settings
from tests.house import sources

BANNED = {
    "utils", "util", "helpers", "helper", "common", "core", "misc", "base", "manager", "handler", "processor",
    "service", "repository",
}  # fmt: skip
READS_TIME = re.compile(r"\b(?:datetime|date)\.(?:now|utcnow|today)\(|\btime\.time\(|\bfunc\.now\(\)\)?\s*\+")
OPEN_ENDS = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
# Written in two halves, so that this file does not find itself.
PLACES = re.compile("/" + r"(?:work|root)/|registry\." + r"npmjs|files\.python" + r"hosted|pypi\." + "org")
BARE_EXCEPTION = re.compile(
    r"#\s*(?:noqa(?!: [A-Z0-9, ]+ - \S| - \S)|type: ignore\[[a-z-, ]+\]\s*$|type: ignore(?!\[))"
)


def test_modules_and_classes_are_named_for_what_they_do() -> None:
    found = [sources.shown(path) for path in sources.modules() if path.stem in BANNED]
    for path in sources.modules():
        classes = [node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
        found += [f"{sources.shown(path)}: {name}" for name in classes if name.lower() in BANNED - {"base"}]

    assert found == []


def test_only_the_database_module_commits() -> None:
    assert _matching(re.compile(r"\.commit\("), but={"notifier/db.py"}) == []


def test_only_the_clock_reads_the_time() -> None:
    assert _matching(READS_TIME, but={"notifier/clock.py"}) == []


def test_nothing_is_left_for_later() -> None:
    assert _matching(OPEN_ENDS) == []


def test_an_exception_to_a_rule_of_the_linters_gives_its_reason() -> None:
    assert _matching(BARE_EXCEPTION) == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [sources.shown(path) for path in sources.modules() if not ast.get_docstring(ast.parse(path.read_text()))]

    assert silent == []


def test_every_setting_is_in_the_readme() -> None:
    readme = (sources.ROOT / "README.md").read_text()

    assert [name for name, _, _ in settings.described() if f"`{name}`" not in readme] == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=sources.ROOT, capture_output=True, text=True, check=False)
    files = [sources.ROOT / name for name in listed.stdout.split("\0") if name] or sources.modules()

    assert [name for path in files if (name := _names_a_place(path))] == []


def _names_a_place(path: Path) -> str:
    try:
        found = PLACES.search(path.read_text())
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return ""
    return f"{sources.shown(path)}: {found[0]}" if found else ""


def _matching(pattern: re.Pattern[str], *, but: frozenset[str] | set[str] = frozenset()) -> list[str]:
    found = []
    for path in sources.modules():
        name = sources.shown(path)
        lines = [] if name in but else path.read_text().splitlines()
        found += [f"{name}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if pattern.search(line)]
    return found
