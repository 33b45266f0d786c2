"""What is installed is what was declared, pinned and hashed, with nobody else's code in the tree."""

import json
import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house import sources


def test_every_dependency_is_pinned_and_hashed() -> None:
    declared = tomllib.loads((sources.ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    wanted = {canonicalize_name(Requirement(line).name) for line in declared}

    pinned = (sources.ROOT / "requirements.txt").read_text().replace("\\\n", " ").splitlines()
    entries = {canonicalize_name(re.split(r"[=\[]", line)[0]): line for line in pinned if "==" in line[:80]}

    assert wanted - set(entries) == set()
    assert [name for name, line in entries.items() if "--hash=sha256:" not in line] == []


def test_the_locked_browser_packages_name_no_host_and_are_hashed() -> None:
    locked = json.loads((sources.ROOT / "package-lock.json").read_text())["packages"]

    packages = {name: entry for name, entry in locked.items() if name}

    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry or "integrity" not in entry] == []


def test_no_browser_code_of_others_is_in_the_tree() -> None:
    ours = (sources.ROOT / "notifier" / "static").rglob("*.js")

    assert [
        sources.shown(path) for path in ours if "build" not in path.parts and _looks_minified(path.read_text())
    ] == []


def _looks_minified(text: str) -> bool:
    return any(len(line) > 500 for line in text.splitlines())
