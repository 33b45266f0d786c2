"""The database goes away for a moment, or falls behind: what is known is not forgotten, and not guessed at."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from notifier.db import Database
from notifier.providers.contract import Accepted, Capabilities, Unknown
from notifier.providers.outbox import Outbox
from notifier.rendering.library import Library
from notifier.sending.drain import drain
from tests.sending.stage import SETTINGS, Stage


class Away(Database):
    """Does not answer for one transaction, counted from 1."""

    def __init__(self, url: str, *, at: int) -> None:
        super().__init__(url)
        self._left = at

    def run(self, work: Callable[[Session], Any], *, tries: int = 5) -> Any:
        self._left -= 1
        if not self._left:
            raise OperationalError("", None, ConnectionError("the database is away"))
        return super().run(work, tries=tries)


class Reporting(Outbox):
    """Cannot be asked, and reports by itself."""

    can = Capabilities(channels=("email",))


def test_answers_of_calls_that_are_out_are_stored_though_the_next_claim_fails(stage: Stage) -> None:
    stage.due(5)
    stage.outbox.seconds = 0.3

    with closing(Away(stage.database.url, at=2)) as away, pytest.raises(OperationalError):
        drain(away, stage.providers, stage.library, SETTINGS, "transactional")

    assert stage.states() == {"sent": 5}


def test_what_was_claimed_is_called_though_others_could_not_be_put_off(stage: Stage) -> None:
    stage.due(3)
    stage.query("UPDATE messages SET template = 'no-such' WHERE customer_id = 'cus_3' RETURNING id")

    with closing(Away(stage.database.url, at=2)) as away:
        assert drain(away, stage.providers, stage.library, SETTINGS, "transactional") == 2

    assert stage.states() == {"sent": 2, "failed": 1}


def test_silence_is_not_judged_while_reports_are_unread(
    live_database: Database, library: Library, at: datetime
) -> None:
    outbox = Reporting(lambda out: Unknown() if out.to.startswith("ana1@") else Accepted(ref="taken"))
    stage = Stage(live_database, outbox, library, at)
    stage.due(2)
    stage.drain()
    stage.query(
        "INSERT INTO events (message_id, attempt_id, provider, event_id, kind, reason, detail, at) "
        "SELECT message_id, id, provider, 'e1', 'delivered', '', '', now() FROM attempts "
        "WHERE ref = 'taken' RETURNING id"
    )
    over = (
        "UPDATE attempts SET claimed_at = now() - interval '1 min', evidence_at = now(), evidence_until = now() "
        "WHERE state = 'unknown' RETURNING id"
    )
    stage.query(over)
    stage.query(
        "INSERT INTO pending_hooks (provider, kind, id, encoding, many, weight, received_at) "
        "VALUES ('outbox', 'status', 1, 'zstd', 1, 1, now() - interval '1 min') RETURNING id"
    )

    assert stage.ask() == 0
    assert stage.states() == {"sent": 1, "unknown": 1}

    stage.query("DELETE FROM pending_hooks RETURNING id")
    stage.query(over)
    assert stage.ask() == 1
    assert stage.states() == {"sent": 1, "queued": 1}
