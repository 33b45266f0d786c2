"""A stage for sending: a database that commits, a decent hour, an outbox."""

from datetime import datetime, timedelta

import pytest

from notifier.clock import business_now, move_to
from notifier.db import Database
from notifier.i18n.shipped import directory
from notifier.providers.outbox import Outbox
from notifier.rendering.library import Library
from tests.sending.stage import Stage
from tests.support.happenings import publish_journeys


@pytest.fixture(scope="module")
def library() -> Library:
    return Library.load(directory("templates"))


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def at(live_database: Database) -> datetime:
    """Move business time to the next Wednesday, 15:00 UTC: a decent hour."""
    with live_database.begin() as db:
        start = business_now(db)
        ahead = timedelta(days=(2 - start.weekday()) % 7 or 7)
        move_to(db, (start + ahead).replace(hour=15, minute=0))
        return business_now(db)


@pytest.fixture
def stage(live_database: Database, outbox: Outbox, library: Library, at: datetime) -> Stage:
    return Stage(live_database, outbox, library, at)


@pytest.fixture
def played(stage: Stage) -> Stage:
    with stage.database.begin() as db:
        publish_journeys(db)
    return stage
