"""The whole web app behind a real port, a believable past, and a Chromium."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from litestar import Litestar
from playwright.sync_api import Browser

from notifier import app as web
from notifier import clock
from notifier.console import routes
from notifier.console.parts import Parts
from notifier.db import Database
from notifier.i18n.shipped import directory
from notifier.rendering.library import Library
from notifier.settings import Settings
from notifier.staff import passwords, sessions
from notifier.staff.models import Staff
from tests.browser import past
from tests.support import browsers, databases

#: Of the one member of staff there is, ada@aurora.example.
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def house(server: str, template: str) -> Iterator[tuple[str, str, dict[str, UUID]]]:
    """Serve the console; give its address, a session's token and a message per channel."""
    with databases.copied(server, template) as url:
        database = Database(url)
        with database.begin() as db:
            messages = past.live(db, now=clock.business_now(db))
            member = Staff(
                email="ada@aurora.example", name="Ada Lins", role="admin", password_hash=passwords.hashed(PASSWORD)
            )
            db.add(member)
            db.flush()
            token = sessions.begin(db, member)
        library = Library.load(directory("templates"))
        settings = Settings(demo=True, sandbox_url="http://127.0.0.1:8001")
        parts = Parts(
            database=database, settings=settings, secret="s" * 40, library=library, providers=("sendgrid", "twilio")
        )
        with _served(Litestar([*routes.create(parts), web.static])) as address:
            yield address, token, messages
        database.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Open the browser all tests here share."""
    with browsers.chromium() as browser:
        yield browser


class _served:  # noqa: N801 - used like a function
    def __init__(self, app: Any) -> None:
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="on")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> str:
        self.thread.start()
        while not self.server.started:
            threading.Event().wait(0.02)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join(10)
