"""What is planned and may go now is called at once; whatever speaks against it makes it due like any other."""

from collections.abc import Sequence
from copy import copy
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from notifier.clock import move_to
from notifier.journeys import advance
from notifier.messages import token
from notifier.messages.draft import Draft
from notifier.planning.plan import planning
from notifier.providers.contract import NotSent, Outcome, Outgoing
from notifier.providers.outbox import Outbox
from notifier.providers.registry import Providers
from notifier.sending.claims import fresh
from notifier.sending.claims.calls import Call
from notifier.sending.claims.fresh import Desk
from tests.sending.planned import due, happen, work
from tests.sending.stage import SETTINGS, Stage
from tests.sending.test_brakes import KNOWN, brake
from tests.support.happenings import happening, make_pending_again, take


def test_what_may_go_now_goes_at_once_with_its_attempt_and_its_words(played: Stage, outbox: Outbox) -> None:
    happen(played, "payment.failed", 30)

    work(played)

    assert len(outbox.taken) == 60
    assert len({one.to for one in outbox.taken}) == 2  # everybody's address is the sample's
    assert (due(played), played.states()) == (0, {"sent": 60})
    assert played.query("SELECT DISTINCT state, number FROM attempts") == [("accepted", 1)]
    [(kept,)] = played.query("SELECT count(*) FROM contents JOIN messages m ON m.id = message_id")
    assert kept == 60


def test_only_a_text_tells_where_its_reports_go_and_that_is_a_door_of_its_provider(played: Stage) -> None:
    outbox = Outbox(name="second")
    played.providers = Providers([outbox])
    happen(played, "payment.failed", 1)

    work(played)

    urls = {one.channel: one.callback_url for one in outbox.taken}
    root, _, made = urls.pop("whatsapp").rpartition("/")
    [named] = [one.attempt_id for one in outbox.taken if one.channel == "whatsapp"]
    assert (root, token.read_attempt(SETTINGS.secret_key, made)) == (
        f"{SETTINGS.public_url}/hooks/second/status",
        named,
    )
    assert urls == {"email": ""}


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

    assert played.query("SELECT DISTINCT error FROM handled_triggers") == [("",)]
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
    with played.database.begin() as db:
        make_pending_again(db)

    work(played)

    assert (len(outbox.taken), due(played)) == (6, 0)


def test_a_fresh_message_has_what_the_claim_of_due_ones_reads() -> None:
    read = {"id", "number", "tries", "customer_id", "run_id", "channel", "address", "topic", "template", "locale",
            "timezone", "country", "customer_name", "data"}  # fmt: skip
    assert set(fresh.Fresh.__struct_fields__) == read
