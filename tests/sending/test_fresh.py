"""What is planned and may go now is called at once; whatever speaks against it makes it due like any other."""

import threading
import time
from collections.abc import Sequence
from copy import copy
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier import pipeline
from notifier.clock import move_to
from notifier.house import House
from notifier.journeys import advance
from notifier.messages.draft import Draft
from notifier.planning.plan import planning
from notifier.providers.contract import NotSent, Outcome, Outgoing, Route
from notifier.providers.outbox import Outbox
from notifier.providers.registry import Providers
from notifier.sending.claims import fresh
from notifier.sending.claims.calls import Call
from notifier.sending.claims.fresh import Desk
from notifier.settings import Settings
from tests.sending.stage import SETTINGS, Stage
from tests.sending.test_brakes import KNOWN, brake
from tests.support.happenings import happening, publish_journeys, take


@pytest.fixture
def played(stage: Stage) -> Stage:
    with stage.database.begin() as db:
        publish_journeys(db)
    return stage


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


def test_what_may_go_now_goes_at_once_with_its_attempt_and_its_words(played: Stage, outbox: Outbox) -> None:
    happen(played, "payment.failed", 30)

    work(played)

    assert len(outbox.taken) == 60
    assert len({one.to for one in outbox.taken}) == 2  # everybody's address is the sample's
    assert (due(played), played.states()) == (0, {"sent": 60})
    assert played.query("SELECT DISTINCT state, number FROM attempts") == [("accepted", 1)]
    [(kept,)] = played.query("SELECT count(*) FROM contents JOIN messages m ON m.id = message_id")
    assert kept == 60


def test_an_attempt_is_committed_before_its_call_is_made(played: Stage, outbox: Outbox) -> None:
    seen = []

    def look(outgoing: Outgoing) -> Outcome:
        seen.append(played.query(f"SELECT state FROM attempts WHERE id = '{outgoing.attempt_id}'"))
        return Outbox().answering(outgoing)

    outbox.answering = look
    happen(played, "payment.failed", 3)

    work(played)

    assert seen == [[("calling",)]] * 6


@pytest.mark.parametrize(
    ("kind", "name"), [("everything", ""), ("provider", "outbox"), ("journey", "payment-failed"), ("topic", "billing")]
)
def test_what_a_brake_holds_is_due_and_waits(played: Stage, outbox: Outbox, kind: str, name: str) -> None:
    with played.database.begin() as db:
        brake.pull(db, kind, name, who="ana", why="a test", known={**KNOWN, "journey": ["payment-failed"]})
    happen(played, "payment.failed", 4)

    work(played)

    assert (outbox.taken, due(played), played.states()) == ([], 8, {"planned": 8})


def test_who_may_not_be_written_to_is_left_to_the_claim_that_says_so(played: Stage, outbox: Outbox) -> None:
    happen(played, "payment.failed")

    work(played, replace(SETTINGS, allow_recipients="nobody@example.com"))

    assert (outbox.taken, due(played)) == ([], 2)


def test_what_waits_for_a_decent_hour_is_due_then(played: Stage, outbox: Outbox) -> None:
    with played.database.begin() as db:
        move_to(db, played.now.replace(hour=4) + timedelta(days=1))  # one at night in Brazil
    played.now = played.now.replace(hour=4) + timedelta(days=1)
    happen(played, "payment.failed")

    work(played)

    assert [one.channel for one in outbox.taken] == ["email"]
    assert due(played) == 1


def test_another_trigger_of_the_customer_is_handled_before_anything_is_sent(played: Stage, outbox: Outbox) -> None:
    with played.database.begin() as db:
        failed = happening("payment.failed", at=played.now - timedelta(minutes=5))
        take(db, failed, happening("payment.recovered", at=played.now), now=played.now)

    work(played)

    assert (outbox.taken, played.states()) == ([], {"cancelled": 2})


def test_bulk_waits_while_anything_transactional_is_due(played: Stage, outbox: Outbox) -> None:
    happen(played, "payment.failed", 1, first=100)
    with played.database.begin() as db:
        brake.pull(
            db, "journey", "payment-failed", who="ana", why="so that it is due", known={"journey": ["payment-failed"]}
        )
    work(played)
    happen(played, "loyalty.bonus_granted", 5)

    work(played)
    assert (outbox.taken, due(played)) == ([], 12)

    played.query("DELETE FROM due_messages WHERE lane = 'transactional' RETURNING 1")
    happen(played, "loyalty.bonus_granted", 5, first=10)
    work(played)
    assert len(outbox.taken) == 10


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
    assert played.query("SELECT DISTINCT state FROM triggers") == [("done",)]
    assert due(played) >= 400 - 2 * SETTINGS.calls  # as many as are called may wait for their slots
    working.join()


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


def test_a_sender_at_rest_is_not_called(played: Stage, outbox: Outbox) -> None:
    outbox.answering = lambda _: NotSent(reason="pacing", retry_after=60.0)
    happen(played, "payment.failed")
    work(played)
    outbox.answering = Outbox().answering
    happen(played, "payment.failed", 5, first=10)

    work(played)

    assert (outbox.taken, due(played)) == ([], 12)


def test_what_cannot_be_written_fails_alone_and_where_it_always_does(played: Stage, outbox: Outbox) -> None:
    happen(played, "payment.failed", 3)
    played.query(
        "UPDATE triggers SET data = data::jsonb #- '{invoice,number}' WHERE customer_id = 'cus_1' RETURNING id"
    )

    work(played)
    assert (len(outbox.taken), due(played)) == (5, 1)  # its WhatsApp does not name the invoice

    played.drain()
    assert played.query("SELECT DISTINCT reason FROM messages WHERE state = 'failed'") == [("unrenderable",)]


def test_a_claim_that_goes_wrong_leaves_the_plan_standing(played: Stage) -> None:
    played.library = copy(played.library)
    played.library.versions = None  # type: ignore[assignment]  # what nobody has thought of
    happen(played, "payment.failed", 2)

    work(played)

    assert played.query("SELECT DISTINCT state, tries FROM triggers") == [("done", 0)]
    assert (due(played), played.query("SELECT count(*) FROM attempts")) == (4, [(0,)])


def test_only_calls_whose_attempt_stands_are_returned(played: Stage) -> None:
    happen(played, "payment.failed", 6)

    with played.database.begin() as db:
        desk = Desk(db, played.providers, played.library, SETTINGS, limit=50, worker="w", now=played.now, rooms={})

        def fragile(drafts: Sequence[Draft], triggers: Sequence[Any]) -> list[Call]:
            calls = desk.store(drafts, triggers)
            if any(one.customer_id == "cus_3" for one in triggers):
                raise ValueError("after its calls were committed to a savepoint")
            return calls

        handled = advance.triggers(db, limit=10, now=played.now, plan=planning(db, now=played.now), store=fragile)

    returned = {call.outgoing.attempt_id for calls in handled.stored for call in calls}
    assert len(returned) == 10
    assert returned == {ident for (ident,) in played.query("SELECT id FROM attempts")}


def test_the_same_event_told_again_is_not_sent_again(played: Stage, outbox: Outbox) -> None:
    happen(played, "payment.failed", 3)
    work(played)
    played.query("UPDATE triggers SET state = 'pending' RETURNING id")

    work(played)

    assert (len(outbox.taken), due(played)) == (6, 0)


def test_a_customer_who_is_gone_is_asked_about_by_the_ordinary_claim(played: Stage) -> None:
    happen(played, "payment.failed")
    with played.database.begin() as db:
        desk = Desk(db, played.providers, played.library, SETTINGS, limit=50, worker="w", now=played.now, rooms={})
        gone = _without_customers(db, desk)
        advance.triggers(db, limit=10, now=played.now, plan=planning(db, now=played.now), store=gone)

    assert due(played) == 2


def _without_customers(db: Session, desk: Desk) -> advance.Store[list[Call]]:
    def store(drafts: Sequence[Draft], triggers: Sequence[Any]) -> list[Call]:
        db.execute(text("DELETE FROM contact_points"))
        db.execute(text("DELETE FROM customers"))
        return desk.store(drafts, triggers)

    return store


def test_a_fresh_message_has_what_the_claim_of_due_ones_reads() -> None:
    read = {"id", "number", "tries", "customer_id", "run_id", "channel", "address", "topic", "template", "locale",
            "timezone", "country", "customer_name", "data"}  # fmt: skip
    assert set(fresh.Fresh.__struct_fields__) == read
