"""Make what is on disk what runs: tables, templates, journeys."""

from collections.abc import Iterator

from notifier.house import House
from notifier.i18n.shipped import directory
from notifier.journeys import publish as journeys
from notifier.migrations.upgrade import upgrade


def publish(house: House) -> Iterator[str]:
    """Migrate, publish new template and journey versions, and say what changed. Nothing changes when nothing is new."""
    upgrade(house.url)
    yield "the database is at this version's tables"
    library = house.library
    yield f"{len(library.versions)} templates are published"
    with house.database.begin() as db:
        for journey, version in journeys.publish(db, directory("templates")):
            yield f"journey {journey} is at version {version}"
