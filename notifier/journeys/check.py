"""Check a directory of journeys and say, in words and with the line, what is wrong and how to mend it."""

from pathlib import Path

from msgspec import Struct


class Problem(Struct, frozen=True, kw_only=True):
    """One mistake."""

    file: str
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what} {self.remedy}"


def check(directory: Path) -> list[Problem]:
    """Return every mistake in the journeys of a directory."""
    return []
