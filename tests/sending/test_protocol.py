"""From due to settled, over the shipped outbox: what is taken is taken once, and every answer has its consequence."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from notifier.clock import business_now
from notifier.db import Database
from notifier.providers.contract import NotSent, Outcome, Outgoing, Refused, Unknown
from notifier.providers.outbox import Outbox
from notifier.providers.registry import Providers
from notifier.sending.claims.due import claim
from notifier.sending.settle import Answered, HandedBack, settle
from tests.sending.stage import SETTINGS, Stage
from tests.support.happenings import make_pending_again


def always(outcome: Outcome) -> Any:
    return lambda outgoing: outcome


def test_what_is_due_is_sent_once_with_the_content_that_is_kept(stage: Stage) -> None:
    stage.due(30, channels=("email", "sms", "whatsapp"))

    assert stage.drain() == 30
    assert stage.drain() == 0

    assert stage.states() == {"sent": 30}
    assert len({one.attempt_id for one in stage.outbox.taken}) == 30
    assert stage.query("SELECT count(*) FROM contents")[0][0] == 30


def test_a_paid_invoice_that_is_still_being_read_holds_the_message_back(stage: Stage) -> None:
    stage.due(2)
    with stage.database.begin() as db:
        make_pending_again(db, customer="cus_1")

    assert stage.drain() == 1

    assert stage.states() == {"sent": 1, "planned": 1}


def test_a_suppressed_address_is_not_written_to(stage: Stage) -> None:
    stage.due(1)
    stage.query(
        "INSERT INTO suppressions (channel, address, reason, evidence, at) "
        "VALUES ('email', 'ana1@example.com', 'stop', '{}', now()) RETURNING id"
    )

    assert stage.drain() == 0

    assert stage.states() == {"cancelled": 1}
    assert stage.query("SELECT reason FROM messages")[0][0] == "suppressed-stop"


def test_one_that_cannot_be_rendered_fails_alone(stage: Stage) -> None:
    stage.due(5)
    stage.query("UPDATE messages SET template = 'no-such' WHERE customer_id = 'cus_3' RETURNING id")

    assert stage.drain() == 4

    assert stage.states() == {"sent": 4, "failed": 1}


def test_what_is_surely_unsent_waits_and_goes_with_the_same_content(stage: Stage) -> None:
    stage.due(3)
    stage.outbox.answering = always(NotSent(reason="unreachable"))
    stage.drain()
    before = stage.query("SELECT message_id, body FROM contents ORDER BY 1")

    assert stage.states() == {"queued": 3}
    assert stage.drain() == 0

    stage.query("UPDATE due_messages SET not_before = NULL RETURNING message_id")
    stage.outbox.answering = Outbox().answering
    assert stage.drain() == 3
    assert stage.states() == {"sent": 3}
    assert stage.query("SELECT message_id, body FROM contents ORDER BY 1") == before
    assert stage.query("SELECT max(number), count(*) FROM attempts")[0] == (2, 6)


def test_a_sender_asked_to_wait_is_claimed_for_by_nobody(stage: Stage) -> None:
    stage.due(1, channels=("sms",))
    stage.outbox.answering = always(NotSent(reason="pacing", retry_after=60.0))
    stage.drain()
    stage.query("UPDATE due_messages SET not_before = NULL RETURNING message_id")
    stage.outbox.answering = Outbox().answering

    assert stage.drain() == 0

    stage.query("UPDATE sender_pauses SET until = now() RETURNING sender")
    assert stage.drain() == 1


def test_a_refusal_for_good_marks_the_address(stage: Stage) -> None:
    stage.due(1)
    stage.outbox.answering = always(Refused(reason="bad-address", permanent=True))

    stage.drain()

    assert stage.states() == {"failed": 1}
    assert stage.query("SELECT state FROM contact_points WHERE channel = 'email'")[0][0] == "invalid"


def test_a_person_who_told_the_provider_to_stop_is_suppressed(stage: Stage) -> None:
    stage.due(1, channels=("sms",))
    stage.outbox.answering = always(Refused(reason="opted-out", permanent=True))

    stage.drain()

    assert stage.query("SELECT channel, reason FROM suppressions") == [("sms", "stop")]


def test_bulk_waits_while_anything_transactional_is_due(stage: Stage, live_database: Database) -> None:
    stage.due(2)
    stage.query("UPDATE due_messages SET lane = 'bulk' WHERE customer_id = 'cus_1' RETURNING message_id")

    assert stage.drain("bulk") == 0
    assert stage.drain("transactional") == 1
    assert stage.drain("bulk") == 1


def test_no_answer_is_unknown_and_never_called_again(stage: Stage) -> None:
    stage.due(3)
    stage.outbox.answering = always(Unknown(detail="reset"))

    stage.drain()

    assert stage.states() == {"unknown": 3}
    assert stage.drain() == 0


class Stumbling(Outbox):
    """Stumbles at every call, each time in another way."""

    def send(self, outgoing: Outgoing) -> Awaitable[Outcome]:
        self.taken.append(outgoing)
        given: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        match len(self.taken) % 4:
            case 0:
                raise ValueError
            case 1:
                given.set_exception(ValueError())
            case 2:
                given.cancel()
            case 3:
                return self._stumble()
        return given

    async def _stumble(self) -> Outcome:
        await asyncio.sleep(0)
        raise ValueError


def test_whatever_an_adapter_stumbles_over_is_no_answer_and_holds_up_nothing(stage: Stage) -> None:
    stage.due(8)
    stumbling = Stumbling()
    stage.providers = Providers([stumbling])

    assert stage.drain() == 8

    assert len(stumbling.taken) == 8
    assert stage.states() == {"unknown": 8}


def test_the_provider_says_what_it_has_and_what_it_has_not(stage: Stage) -> None:
    stage.due(4)
    stage.outbox.answering = always(Unknown(detail="reset"))
    taken: list[Outgoing] = []

    def every_other(outgoing: Outgoing) -> Outcome:
        if len(taken) % 2 == 0:
            stage.outbox.taken.append(outgoing)
        taken.append(outgoing)
        return Unknown(detail="reset")

    stage.outbox.answering = every_other
    stage.drain()
    stage.query("UPDATE attempts SET evidence_at = now() RETURNING id")
    stage.outbox.answering = Outbox().answering

    assert stage.ask() == 4
    assert stage.states() == {"sent": 2, "queued": 2}
    assert stage.drain() == 2

    assert stage.states() == {"sent": 4}
    assert len({one.to for one in stage.outbox.taken}) == 4
    assert len(stage.outbox.taken) == 4


def test_a_provider_that_is_away_proves_nothing(stage: Stage) -> None:
    stage.due(1)
    stage.outbox.answering = always(Unknown(detail="reset"))
    stage.outbox.is_away = True
    stage.drain()
    stage.query("UPDATE attempts SET evidence_at = now() RETURNING id")

    assert stage.ask() == 0

    assert stage.states() == {"unknown": 1}


def test_a_dead_workers_claim_becomes_unknown_and_not_due(stage: Stage) -> None:
    stage.due(2)

    def take(db: Session) -> int:
        return claim(
            db, stage.providers, stage.library, SETTINGS, lane="transactional", limit=10, worker="dead",
            now=business_now(db),
        ).seen  # fmt: skip

    assert stage.database.run(take) == 2
    assert stage.query("SELECT state FROM attempts") == [("calling",), ("calling",)]
    assert stage.query("SELECT message_id FROM due_messages") == []
    assert stage.drain() == 0

    stage.outbox.is_away = True
    stage.ask()
    assert stage.states() == {"unknown": 2}


def test_a_claim_too_old_is_handed_back_and_does_not_count(stage: Stage) -> None:
    stage.due(1)
    found = stage.database.run(
        lambda db: claim(
            db, stage.providers, stage.library, SETTINGS, lane="transactional", limit=1, worker="w",
            now=business_now(db),
        )
    )  # fmt: skip

    answers = [Answered(found.calls[0], HandedBack())]
    stage.database.run(lambda db: settle(db, answers, SETTINGS, now=business_now(db)))

    assert stage.states() == {"queued": 1}
    assert stage.query("SELECT number, tries FROM due_messages") == [(2, 0)]
    assert stage.query("SELECT state FROM attempts") == [("handed-back",)]
    assert stage.drain() == 1


def test_an_answer_that_cannot_be_stored_takes_no_other_with_it(stage: Stage) -> None:
    stage.due(5)
    accepts, spoilt = stage.outbox.answering, [NotSent(reason="pacing", retry_after=1e15)]  # no clock goes so far
    stage.outbox.answering = lambda outgoing: spoilt.pop() if spoilt else accepts(outgoing)

    stage.drain()

    assert stage.states() == {"sent": 4, "planned": 1}
    assert stage.query("SELECT state FROM attempts WHERE state <> 'accepted'") == [("calling",)]  # its lease will end


@pytest.mark.parametrize(("of", "lane", "made"), [("bulk", "transactional", 1), ("bulk", "bulk", 0),
                                                  ("transactional", "transactional", 0)])  # fmt: skip
def test_only_what_is_urgent_holds_up_what_is_urgent(stage: Stage, of: str, lane: str, made: int) -> None:
    stage.due(1, lane=lane)
    with stage.database.begin() as db:
        make_pending_again(db, lane=of)

    assert stage.drain(lane) == made
