"""The comparison itself: it sees what is missing, what is there twice, and what nobody asked for."""

from typing import Any

import pytest

from notifier.db import Database
from notifier.i18n.shipped import directory
from notifier.providers.contract import Unknown
from notifier.providers.outbox import Outbox
from notifier.rendering.library import Library
from tests.faults.compare import compare
from tests.faults.test_kill import plant
from tests.sending.stage import Stage

WANTED = ["evt_1", "evt_2", "evt_3"]


def told(outbox: Outbox) -> list[dict[str, Any]]:
    """Return what the outbox took as the sandbox tells it."""
    return [
        {"attempt_id": str(one.attempt_id), "provider_id": f"out-{one.attempt_id.hex}", "status": "delivered"}
        | {"channel": one.channel, "to": one.to}
        for one in outbox.taken
    ]


@pytest.fixture
def stage(live_database: Database) -> Stage:
    plant(live_database, 3, "sms")
    return Stage(live_database, Outbox(), Library.load(directory("templates")), None)  # type: ignore[arg-type]  # not asked


def test_one_each_is_clean(stage: Stage) -> None:
    stage.drain()

    verdict = compare(stage.database, told(stage.outbox), WANTED)

    assert verdict.is_clean, verdict.complaints()
    assert str(verdict) == "3 taken, lost 0, doubled 0, unknown 0 (none), unexplained 0"


def test_what_the_sink_has_not_is_lost(stage: Stage) -> None:
    stage.drain()

    verdict = compare(stage.database, told(stage.outbox)[1:], [*WANTED, "evt_4"])

    assert [line.rpartition(": ")[2] for line in verdict.lost] == [
        "nothing was taken", "nobody was told", "nobody was told",
    ]  # fmt: skip


def test_what_the_sink_has_twice_is_doubled(stage: Stage) -> None:
    stage.drain()
    taken = told(stage.outbox)

    verdict = compare(stage.database, [*taken, taken[0]], WANTED)

    assert [line.rpartition(": ")[2] for line in verdict.doubled] == ["2 times", "told 2 times"]


def test_what_nobody_asked_for_is_strange(stage: Stage) -> None:
    stage.drain()
    taken = told(stage.outbox)

    verdict = compare(stage.database, [*taken, taken[0] | {"attempt_id": "", "to": "+1"}], WANTED)

    assert verdict.strange == ["no attempt  for sms to +1"]


def test_what_is_still_unknown_is_unexplained_and_what_was_is_counted(stage: Stage) -> None:
    stage.outbox.answering = lambda outgoing: Unknown(detail="no answer")
    stage.outbox.takes_and_fails = True
    stage.drain()

    open_still = compare(stage.database, told(stage.outbox), WANTED)
    stage.ask()
    settled = compare(stage.database, told(stage.outbox), WANTED)

    assert len(open_still.unexplained) == 3
    assert settled.unknown == {"found-at-provider": 3}
    assert settled.is_clean, settled.complaints()
