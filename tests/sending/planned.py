"""Triggers that happen, and what a bell for them makes a worker do."""

import threading
from types import SimpleNamespace
from typing import Any, cast

from notifier import pipeline
from notifier.house import House
from notifier.settings import Settings
from tests.sending.stage import SETTINGS, Stage
from tests.support.happenings import happening, take


def happen(stage: Stage, kind: str, many: int = 1, *, first: int = 0, **how: Any) -> None:
    """Let it happen to many customers, to be written to by email and WhatsApp."""
    with stage.database.begin() as db:
        customers = (f"cus_{number}" for number in range(first, first + many))
        take(db, *(happening(kind, at=stage.now, customer=one, **how) for one in customers), now=stage.now)


def work(stage: Stage, settings: Settings = SETTINGS, stopping: threading.Event | None = None) -> None:
    """Do what a bell for the triggers makes a worker do."""
    house = SimpleNamespace(
        database=stage.database, providers=stage.providers, library=stage.library, settings=settings,
        stopping=stopping or threading.Event(),
    )  # fmt: skip
    pipeline.run(cast("House", house), "triggers")


def due(stage: Stage) -> int:
    [(many,)] = stage.query("SELECT count(*) FROM due_messages")
    return int(many)
