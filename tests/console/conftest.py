"""The console as an app of its own, with somebody signed in."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy.orm import Session

from notifier.console import routes
from notifier.console.parts import Parts
from notifier.db import Database
from notifier.settings import Settings
from notifier.staff import sessions
from notifier.staff.models import Staff
from tests.console.visitor import Visitor


@pytest.fixture
def parts(database: Database) -> Parts:
    """The console of a demo, so that the clock's control is there."""
    return Parts(database=database, settings=Settings(demo=True), secret="s" * 40)


@pytest.fixture
def browser(parts: Parts) -> Iterator[TestClient[Litestar]]:
    """A browser nobody is signed in with."""
    with TestClient(Litestar([*routes.create(parts)], debug=True)) as client:
        yield client


@pytest.fixture
def ada(db: Session, browser: TestClient[Litestar]) -> Visitor:
    """Ada, a marketer, signed in."""
    return _signed_in(db, browser, "marketer")


@pytest.fixture
def ben(db: Session, browser: TestClient[Litestar]) -> Visitor:
    """Ben of support, signed in."""
    return _signed_in(db, browser, "support")


@pytest.fixture
def root(db: Session, browser: TestClient[Litestar]) -> Visitor:
    """An administrator, signed in."""
    return _signed_in(db, browser, "admin")


def _signed_in(db: Session, browser: TestClient[Litestar], role: str) -> Visitor:
    member = Staff(email=f"{role}@aurora.example", name=role.title(), role=role, password_hash="-")
    db.add(member)
    db.flush()
    browser.cookies.set("notifier_staff", sessions.begin(db, member))
    visitor = Visitor(browser)
    visitor.get("/console/sign-in")
    return visitor
