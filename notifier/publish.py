"""Make what is on disk what runs: tables, templates, journeys."""

from notifier.house import House
from notifier.i18n.shipped import directory
from notifier.journeys.rules import publish as journeys
from notifier.migrations.upgrade import upgrade


def publish(house: House) -> list[str]:
    """Migrate, publish new template and journey versions, and say what changed. Nothing changes when nothing is new."""
    upgrade(house.url)
    said = ["the database is at this version's tables", f"{len(house.library.versions)} template versions are in force"]
    with house.database.begin() as db:
        published = journeys.publish(db, directory("templates"))
    return said + [f"journey {journey} is now at version {version}" for journey, version in published]
