"""The published journeys, compiled once: the newest versions start runs, every version goes on with its own."""

from functools import lru_cache
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.catalog.conditions import Condition, compile_condition
from notifier.journeys.rules.definition import Definition, End, parse

_VERSIONS = text("SELECT id, journey, version, digest, retired_at FROM journey_versions ORDER BY journey, version")
_SOURCES = text("SELECT digest, source FROM journey_versions WHERE id = ANY(:ids)")


class Rule(Struct, frozen=True):
    """One version of a journey, ready to run."""

    definition: Definition
    condition: Condition | None
    version: int


class Rules(Struct, frozen=True):
    """Every published version; `newest` are those that start runs."""

    by_version: dict[tuple[str, int], Rule]
    newest: list[Rule]

    def starting(self, trigger_type: str) -> list[Rule]:
        """Return the rules a trigger of this type may start."""
        return [rule for rule in self.newest if rule.definition.on == trigger_type]

    def ending(self, trigger_type: str) -> list[tuple[Rule, End]]:
        """Return the newest rules a trigger of this type may end, each with how."""
        return [(rule, end) for rule in self.newest for end in rule.definition.ends_on if end.trigger == trigger_type]


def load(db: Session) -> Rules:
    """Read which versions are published; their sources are read and compiled once in a process."""
    rows = db.execute(_VERSIONS).all()
    missing = [row.id for row in rows if row.digest not in _sources]
    if missing:
        _sources.update({row.digest: row.source for row in db.execute(_SOURCES, {"ids": missing})})
    by_version = {(row.journey, row.version): _rule(row.digest, row.version) for row in rows}
    last = {row.journey: row for row in rows}
    newest = [by_version[row.journey, row.version] for row in last.values() if row.retired_at is None]
    return Rules(by_version, newest)


def compiled(source: str) -> tuple[Definition, Condition | None]:
    """Read a journey's YAML that has been checked."""
    read = parse(source)
    return read, compile_condition(read.when, read.on) if read.when else None


def ends_on(read: Definition, value: Any) -> list[str]:
    """Return the keys of every trigger that ends a run; `value` gives the starting trigger's value at a path."""
    return [f"{end.trigger}|{value(end.of or read.about)}" for end in read.ends_on]


_sources: dict[str, str] = {}


@lru_cache(maxsize=1024)
def _rule(digest: str, version: int) -> Rule:
    return Rule(*compiled(_sources[digest]), version)
