"""The customer's pages over the test's own database, with a customer who was written to."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy.orm import Session

from notifier.api.parts import Parts
from notifier.customers.snapshot import Snapshot, upsert
from notifier.db import Database
from notifier.messages.content import Kept, pack
from notifier.messages.models import Content
from notifier.messages.token import make
from notifier.portal.routes import create
from notifier.settings import Settings
from tests.tracking.support import make_message

SECRET = "s3cret"
Written = Callable[..., str]


@pytest.fixture
def client(database: Database) -> Iterator[TestClient[Litestar]]:
    """Return a browser without cookies, scripts or login."""
    settings = Settings(brand="Aurora", support_email="help@aurora.example")
    parts = Parts(database=database, settings=settings, secret=SECRET, providers={})
    with TestClient(Litestar(create(parts)), raise_server_exceptions=False) as browser:
        yield browser


@pytest.fixture
def written(db: Session, now: datetime) -> Written:
    """Return a function that writes Dia a message and gives its link."""
    dia = Snapshot(id="cus_1", as_of=now, name="Dia", email="dia@example.com", phone="+5511961234567", country="BR")
    upsert(db, [dia])

    def write(kept: Kept | None = None, **given: Any) -> str:
        message = make_message(db, now, **given)
        if kept:
            encoding, body = pack(kept)
            db.add(Content(message_id=message.id, encoding=encoding, body=body))
            db.flush()
        return f"/m/{make(SECRET, message.id)}"

    return write
