"""What a person stops is not claimed, waits unharmed, and goes on when the brake is released."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from notifier.brakes import pull as brake
from notifier.brakes.held import Standing
from notifier.clock import move_to
from notifier.errors import Conflict, Invalid
from notifier.providers.contract import NotSent
from notifier.providers.outbox import Outbox
from notifier.providers.registry import Providers
from notifier.sending.drain import drain
from notifier.sending.ways import recipients
from tests.sending.stage import SETTINGS, Stage

KNOWN = {
    "everything": [""],
    "provider": ["first", "outbox"],
    "journey": ["test", "other"],
    "topic": ["billing", "offers"],
}


def pull(stage: Stage, kind: str, name: str = "", why: str = "a wrong price in the text") -> None:
    with stage.database.begin() as db:
        brake.pull(db, kind, name, who="ana@example.com", why=why, known=KNOWN)


def release(stage: Stage, kind: str, name: str = "") -> None:
    with stage.database.begin() as db:
        brake.release(db, kind, name, who="ben@example.com")


@pytest.mark.parametrize(
    ("kind", "name"), [("everything", ""), ("provider", "outbox"), ("journey", "test"), ("topic", "billing")]
)
def test_what_is_stopped_waits_and_goes_on_when_it_is_released(stage: Stage, kind: str, name: str) -> None:
    stage.due(20)
    pull(stage, kind, name)

    assert stage.drain() == 0
    assert stage.states() == {"planned": 20}
    assert stage.query("SELECT count(*) FROM attempts") == [(0,)]

    release(stage, kind, name)
    assert stage.drain() == 20
    assert stage.states() == {"sent": 20}


@pytest.mark.parametrize(("kind", "name"), [("provider", "first"), ("journey", "other"), ("topic", "offers")])
def test_nothing_else_is_stopped(stage: Stage, kind: str, name: str) -> None:
    stage.due(5)
    pull(stage, kind, name)

    assert stage.drain() == 5


def test_a_stopped_provider_leaves_its_messages_to_the_other_way(stage: Stage) -> None:
    first, second = Outbox(name="first"), Outbox(name="second")
    stage.providers = Providers([first, second])
    stage.due(10)
    pull(stage, "provider", "first")

    stage.drain()

    assert (len(first.taken), len(second.taken)) == (0, 10)


def test_each_held_message_is_looked_at_once(stage: Stage) -> None:
    stage.due(30)
    pull(stage, "topic", "billing")
    stage.drain()

    assert stage.query("SELECT lane, count(*) FROM due_messages GROUP BY 1") == [("held-transactional", 30)]


def test_what_two_brakes_hold_goes_on_with_the_second(stage: Stage) -> None:
    stage.due(5)
    pull(stage, "topic", "billing")
    pull(stage, "journey", "test")
    stage.drain()

    release(stage, "topic", "billing")
    assert stage.drain() == 0
    release(stage, "journey", "test")
    assert stage.drain() == 5


def test_what_expires_while_it_is_held_is_not_sent(stage: Stage) -> None:
    stage.due(3)
    pull(stage, "everything")
    stage.drain()
    with stage.database.begin() as db:
        move_to(db, stage.now + timedelta(days=7))

    release(stage, "everything")
    stage.drain()

    assert stage.states() == {"expired": 3}
    assert stage.outbox.taken == []


def test_a_message_to_be_tried_again_is_held_too(stage: Stage) -> None:
    stage.outbox.answering = lambda outgoing: NotSent(reason="unreachable")
    stage.due(2)
    stage.drain()
    pull(stage, "journey", "test")
    stage.outbox.answering = Outbox().answering
    stage.query("UPDATE due_messages SET not_before = NULL RETURNING message_id")

    assert stage.drain() == 0
    release(stage, "journey", "test")
    assert stage.drain() == 2


def test_who_and_why_are_kept_for_ever(stage: Stage) -> None:
    pull(stage, "topic", "offers", why="the discount is wrong")
    release(stage, "topic", "offers")

    with stage.database.begin() as db:
        [kept] = brake.released(db)
        assert brake.pulled(db) == []
    assert (kept.pulled_by, kept.why, kept.released_by) == (
        "ana@example.com",
        "the discount is wrong",
        "ben@example.com",
    )


@pytest.mark.parametrize(
    ("kind", "name", "why", "field"),
    [
        ("topic", "offer", "why", "name"),
        ("journey", "", "why", "name"),
        ("channel", "sms", "why", "kind"),
        ("topic", "offers", "  ", "why"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_remedy(
    stage: Stage, kind: str, name: str, why: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        pull(stage, kind, name, why)

    assert list(refused.value.fields) == [field]


def test_a_brake_is_pulled_once_and_released_once(stage: Stage) -> None:
    pull(stage, "everything")
    with pytest.raises(Conflict, match=r"ana@example\.com"):
        pull(stage, "everything")

    release(stage, "everything")
    with pytest.raises(Conflict, match="not pulled"):
        release(stage, "everything")


def test_outside_production_only_those_on_the_list_are_written_to(stage: Stage) -> None:
    stage.due(4)
    listed = replace(SETTINGS, allow_recipients=" ANA1@example.com , +5511, @aurora.example")

    drain(stage.database, stage.providers, stage.library, listed, "transactional")

    assert [one.to for one in stage.outbox.taken] == ["ana1@example.com"]
    assert stage.query("SELECT DISTINCT state, reason FROM messages WHERE address <> 'x' ORDER BY 1")[0] == (
        "cancelled",
        "not-on-the-allow-list",
    )


@pytest.mark.parametrize(
    ("listed", "environment", "address", "goes"),
    [
        ("", "staging", "a@b.example", True),
        ("@b.example", "staging", "A@B.example", True),
        ("@b.example", "staging", "a@c.b.example", False),
        ("+5511961234567", "staging", "+5511961234567", True),
        ("+5511961234567", "staging", "+5511961234568", False),
        ("a@b.example", "production", "z@z.example", True),
    ],
)
def test_who_is_on_the_list(listed: str, environment: str, address: str, *, goes: bool) -> None:
    may = recipients.allowed(replace(SETTINGS, allow_recipients=listed, environment=environment))

    assert (may is None or may(address)) is goes


@given(st.sets(st.sampled_from("ab")), st.sets(st.sampled_from("xy")), st.sampled_from("ab"), st.sampled_from("xy"))
def test_a_message_is_held_by_its_journey_or_its_topic(
    journeys: set[str], topics: set[str], journey: str, topic: str
) -> None:
    standing = Standing(False, frozenset(), frozenset(journeys), frozenset(topics))

    assert standing.holds(journey, topic) is (journey in journeys or topic in topics)
