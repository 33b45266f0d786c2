"""How much of what is planned is called at once: slots, what waits for them, and rates."""

import asyncio
import threading
import time

import msgspec
import pytest
from msgspec.structs import replace

from notifier.providers.contract import Outcome, Outgoing, Route
from notifier.providers.outbox import Outbox
from notifier.providers.registry import Providers
from notifier.sending import pace
from tests.sending.planned import due, happen, work
from tests.sending.stage import SETTINGS, Stage
from tests.sending.test_brakes import KNOWN, brake


def test_no_more_is_called_than_there_are_slots_and_half_of_them_are_not_for_bulk(played: Stage) -> None:
    peak = Peak()
    played.providers = Providers([peak])
    happen(played, "loyalty.bonus_granted", 60)
    work(played)
    assert peak.most <= SETTINGS.calls / 2

    happen(played, "payment.failed", 60, first=100)
    work(played)
    assert SETTINGS.calls / 2 < peak.most <= SETTINGS.calls


class Peak(Outbox):
    """Counts the calls that are out at once."""

    def __init__(self) -> None:
        super().__init__(seconds=0.05)
        self.out = self.most = 0

    async def send(self, outgoing: Outgoing) -> Outcome:
        self.out += 1
        self.most = max(self.most, self.out)
        try:
            return await super().send(outgoing)
        finally:
            self.out -= 1


def test_planning_does_not_wait_for_a_provider_that_does_not_answer(played: Stage) -> None:
    slow = Outbox(seconds=2.0)
    played.providers = Providers([slow])
    happen(played, "payment.failed", 200)
    working = threading.Thread(target=work, args=(played,))

    working.start()
    working.join(1.5)

    assert working.is_alive()
    assert played.query("SELECT count(*) FROM pending_triggers") == [(0,)]
    assert due(played) >= 400 - 2 * SETTINGS.calls  # as many as are called may wait for their slots
    working.join()


def test_with_the_fewest_slots_everything_is_still_handled(played: Stage, outbox: Outbox) -> None:
    for calls in (1, 2, 3):
        happen(played, "loyalty.bonus_granted", 2, first=10 * calls)
        happen(played, "payment.failed", 2, first=100 * calls)
        work(played, replace(SETTINGS, calls=calls))

    assert played.query("SELECT count(*) FROM pending_triggers") == [(0,)]


def test_what_waits_too_long_for_a_slot_is_handed_back(played: Stage) -> None:
    slow = Outbox(seconds=pace.WAITS + 1.0)
    played.providers = Providers([slow])
    happen(played, "payment.failed", 60)
    work(played)

    states = dict(played.query("SELECT state, count(*) FROM attempts GROUP BY 1"))
    assert states == {"accepted": SETTINGS.calls, "handed-back": SETTINGS.calls}
    assert due(played) == 120 - SETTINGS.calls


def test_older_messages_come_first_to_a_rate(played: Stage, outbox: Outbox) -> None:
    with played.database.begin() as db:
        brake.pull(db, "provider", "outbox", who="ana", why="a test", known=KNOWN)
    happen(played, "payment.failed", 2)
    work(played)
    with played.database.begin() as db:
        brake.release(db, "provider", "outbox", who="ben")
    played.providers = limited(outbox, burst=9)
    happen(played, "payment.failed", 2, first=10)

    work(played)

    assert (outbox.taken, due(played)) == ([], 8)


def test_tokens_are_given_back_when_planning_fails(played: Stage, outbox: Outbox) -> None:
    played.providers = limited(outbox, burst=9)
    happen(played, "payment.failed", 2)
    played.query("UPDATE journey_versions SET digest = 'of another release', source = '{}' RETURNING 1")

    with pytest.raises(msgspec.ValidationError):
        work(played)

    assert {round(tokens) for (tokens,) in played.query("SELECT tokens FROM sender_tokens")} == {9}


def limited(outbox: Outbox, *, burst: int) -> Providers:
    routes = [Route(provider=outbox, channel=one, per_second=0.001, burst=burst) for one in outbox.can.channels]
    return Providers([outbox], routes=routes)


def test_who_stops_hands_back_what_waits_for_a_slot(played: Stage) -> None:
    slow, stopping = Outbox(seconds=0.5), threading.Event()
    played.providers = Providers([slow])
    happen(played, "payment.failed", 100)
    working = threading.Thread(target=work, args=(played, SETTINGS, stopping))

    working.start()
    while not played.query("SELECT FROM attempts LIMIT 1"):
        time.sleep(0.01)
    stopping.set()
    working.join()

    assert len(slow.taken) <= 2 * SETTINGS.calls
    assert len(slow.taken) + due(played) == 200
    assert {state for (state,) in played.query("SELECT DISTINCT state FROM attempts")} == {"accepted", "handed-back"}


def test_a_limited_sender_is_called_as_its_tokens_allow_and_the_rest_is_due(played: Stage) -> None:
    outbox = Outbox()
    played.providers = limited(outbox, burst=3)
    happen(played, "payment.failed", 10)

    work(played)

    assert sorted(one.channel for one in outbox.taken) == ["email"] * 3 + ["whatsapp"] * 3
    assert due(played) == 14
    assert {
        round(tokens) for (tokens,) in played.query("SELECT tokens FROM sender_tokens WHERE sender <> 'outbox-sms'")
    } == {0}


def test_tokens_that_were_not_used_are_given_back(played: Stage) -> None:
    outbox = Outbox()
    played.providers = limited(outbox, burst=9)
    happen(played, "payment.failed", 2)

    work(played)

    found = dict(played.query("SELECT sender, round(tokens) FROM sender_tokens"))
    assert found == {"outbox-email": 7, "outbox-sms": 9, "outbox-whatsapp": 7}


def test_answers_are_settled_together_while_more_are_to_come_and_none_waits_for_the_slowest(played: Stage) -> None:
    played.providers = Providers([OneByOne()])
    happen(played, "payment.failed", 10)

    work(played)

    settled = played.query(
        "SELECT xmin::text, count(*), max(settled_at - claimed_at) FROM attempts GROUP BY 1 ORDER BY 3"
    )
    assert sum(many for _, many, _ in settled) == 20
    assert len(settled) <= 3
    assert settled[-1][1] == 1
    assert settled[-2][2].total_seconds() < OneByOne.SLOWEST


class OneByOne(Outbox):
    """Answers every four milliseconds, but for the last call."""

    SLOWEST = 1.0

    async def send(self, outgoing: Outgoing) -> Outcome:
        self.seconds += 0.004
        await asyncio.sleep(self.seconds if self.seconds < 0.079 else self.SLOWEST)
        self.taken.append(outgoing)
        return self.answering(outgoing)
