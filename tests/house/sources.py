"""The project's own files, as the house tests read them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("notifier", "billing")


def modules() -> list[Path]:
    """Return every module of ours; migrations' versions are generated and left out."""
    found = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [path for path in found if "versions" not in path.parts]


def tests() -> list[Path]:
    """Return every test module and what stands beside them."""
    return sorted((ROOT / "tests").rglob("*.py"))


def templates() -> list[Path]:
    """Return every template, of pages and of messages."""
    return sorted(path for path in (ROOT / "templates").rglob("*") if path.is_file())


def shown(path: Path) -> str:
    """Return a path as people name it."""
    return str(path.relative_to(ROOT))
