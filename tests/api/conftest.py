"""The machine-facing app over the test's own database, with a key."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from notifier.api.parts import Parts
from notifier.api.routes import OPENAPI, create
from notifier.db import Database
from notifier.settings import Settings
from notifier.staff import keys
from tests.tracking.support import FakeProvider


@pytest.fixture
def provider() -> FakeProvider:
    """Return the vendor that signs with a word and reports what it is told to."""
    return FakeProvider()


@pytest.fixture
def parts(database: Database, provider: FakeProvider) -> Parts:
    """Return the parts of a web process."""
    settings = Settings(public_url="https://notify.example", sendgrid_inbound_secret="parse-secret")
    return Parts(
        database=database, settings=settings, secret="s3cret", providers={"twilio": provider, "sendgrid": provider}
    )


@pytest.fixture
def app(parts: Parts) -> Litestar:
    """Return the app with every machine-facing route."""
    return Litestar(create(parts), openapi_config=OPENAPI)


@pytest.fixture
def stranger(app: Litestar) -> Iterator[TestClient[Litestar]]:
    """Return a client without a key."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(stranger: TestClient[Litestar], database: Database) -> TestClient[Litestar]:
    """Return a client with a key."""
    with database.begin() as db:
        _, plain = keys.add(db, "billing")
    stranger.headers["Authorization"] = f"Bearer {plain}"
    return stranger
