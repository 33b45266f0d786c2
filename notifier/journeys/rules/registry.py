"""The published journeys, compiled once: the newest versions start runs, every version goes on with its own."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import lru_cache

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.catalog.conditions import Condition, compile_condition
from notifier.db import rows
from notifier.journeys.rules.definition import Definition, End, parse

_VERSIONS = text("SELECT id, journey, version, digest, retired_at FROM journey_versions ORDER BY journey, version")
_NAMED = "SELECT journey, version, digest FROM journey_versions WHERE journey = ANY(%(journeys)s)"
_SOURCES = text("SELECT DISTINCT ON (digest) digest, source FROM journey_versions WHERE digest = ANY(:digests)")


class Rule(Struct, frozen=True):
    """One version of a journey, ready to run."""

    definition: Definition
    condition: Condition | None
    version: int


class Rules(Struct, frozen=True):
    """Every published version; the newest, by type of trigger."""

    by_version: dict[tuple[str, int], Rule]
    starting: Mapping[str, list[Rule]]
    """Those a trigger may start."""
    ending: Mapping[str, list[tuple[Rule, End]]]
    """Those a trigger may end, each with how."""


def load(db: Session) -> Rules:
    """Read which versions are published; their sources are read and compiled once in a process."""
    published = db.execute(_VERSIONS).all()
    _read_sources(db, {row.digest for row in published})
    by_version = {(row.journey, row.version): _rule(row.digest, row.version) for row in published}
    last = {row.journey: row for row in published}
    starting: dict[str, list[Rule]] = defaultdict(list)
    ending: dict[str, list[tuple[Rule, End]]] = defaultdict(list)
    for rule in (by_version[row.journey, row.version] for row in last.values() if row.retired_at is None):
        starting[rule.definition.on].append(rule)
        for end in rule.definition.ends_on:
            ending[end.trigger].append((rule, end))
    return Rules(by_version, starting, ending)


def definitions(db: Session, journeys: Collection[str]) -> dict[tuple[str, int], Definition]:
    """Return every version of these journeys; asked for with every set of reports."""
    found = rows(db, _NAMED, {"journeys": sorted(journeys)}) if journeys else []
    _read_sources(db, {row.digest for row in found})
    return {(row.journey, row.version): _compiled(row.digest)[0] for row in found}


def _read_sources(db: Session, digests: Collection[str]) -> None:
    if missing := [digest for digest in digests if digest not in _sources]:
        _sources.update({row.digest: row.source for row in db.execute(_SOURCES, {"digests": missing})})


def compiled(source: str) -> tuple[Definition, Condition | None]:
    """Read a journey's YAML that has been checked."""
    read = parse(source)
    return read, compile_condition(read.when, read.on) if read.when else None


_sources: dict[str, str] = {}


@lru_cache(maxsize=1024)
def _compiled(digest: str) -> tuple[Definition, Condition | None]:
    return compiled(_sources[digest])


@lru_cache(maxsize=1024)
def _rule(digest: str, version: int) -> Rule:
    return Rule(*_compiled(digest), version)
