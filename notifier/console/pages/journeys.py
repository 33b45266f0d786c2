"""Journeys: the rules as pictures, and their published versions."""

from typing import Any

import msgspec
import yaml
from litestar import Response
from litestar.params import FromPath, FromQuery
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from notifier.console.parts import Asked
from notifier.console.render import get, page
from notifier.errors import Missing
from notifier.journeys.models import JourneyVersion
from notifier.journeys.rules.definition import Definition, definition


class UnknownJourney(Missing):
    """No journey, or no version of it, has that name."""


class Listed(Struct, frozen=True, kw_only=True):
    """A journey as a line in the list."""

    version: JourneyVersion
    rule: Definition | None
    """None: written for another version of the program, and not readable by this one."""


class JourneysPage(Struct, frozen=True, kw_only=True):
    """The newest version of each journey."""

    journeys: list[Listed]


class JourneyPage(Struct, frozen=True, kw_only=True):
    """One version of a journey, and which others there are, newest first."""

    shown: Listed
    versions: list[JourneyVersion]


@get("/journeys", name="console.journeys")
def journeys(desk: Asked) -> Response[str]:
    """List them."""
    newest = (
        select(JourneyVersion)
        .ext(distinct_on(JourneyVersion.journey))
        .order_by(JourneyVersion.journey, JourneyVersion.version.desc())
    )
    with desk.parts.database.begin() as db:
        shown = JourneysPage(journeys=[_listed(version) for version in db.scalars(newest)])
        return page(desk, db, "journeys/index.html", shown)


@get("/journeys/{name:str}", name="console.journey")
def journey(desk: Asked, name: FromPath[str], version: FromQuery[int | None] = None) -> Response[str]:
    """Show one: the newest version, or the one asked for."""
    with desk.parts.database.begin() as db:
        versions = _versions(db, name)
        chosen = next((kept for kept in versions if version in {None, kept.version}), None)
        if chosen is None:
            raise UnknownJourney(f"There is no journey {name!r} with that version.")
        return page(desk, db, "journeys/show.html", JourneyPage(shown=_listed(chosen), versions=versions))


def _versions(db: Session, name: str) -> list[JourneyVersion]:
    kept = select(JourneyVersion).where(JourneyVersion.journey == name).order_by(JourneyVersion.version.desc())
    return list(db.scalars(kept.limit(100)))


def _listed(version: JourneyVersion) -> Listed:
    try:
        return Listed(version=version, rule=definition(yaml.safe_load(version.source)))
    except (msgspec.ValidationError, yaml.YAMLError):
        return Listed(version=version, rule=None)


HANDLERS: list[Any] = [journeys, journey]
