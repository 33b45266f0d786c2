"""Any order of claims, answers, deaths, callbacks and evidence: no message lost, none accepted twice by mistake."""

import random
from datetime import datetime
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from notifier.clock import business_now
from notifier.db import Database
from notifier.messages.apply import Applied, keep
from notifier.messages.reported.known import by_id
from notifier.messages.reported.ordinary import carry_out as carry_out_reports
from notifier.messages.reported.ordinary import sort_out
from notifier.messages.states import ATTEMPT_RANK
from notifier.providers.contract import Accepted, Capabilities, NotSent, Outcome, Refused, Unknown
from notifier.providers.outbox import Outbox
from notifier.providers.registry import Providers
from notifier.rendering.library import Library
from notifier.sending.claims.calls import Call
from notifier.sending.claims.due import claim
from notifier.sending.claims.verdicts import carry_out
from notifier.sending.settle import Answered, HandedBack, settle
from notifier.sending.unknown.leases import expire_leases
from notifier.sending.unknown.settle import settle_unknown
from notifier.settings import Settings
from tests.sending.stage import SETTINGS, due

MANY = 4
TOPICS = ("billing", "offers")
PATIENT = Settings(secret_key="s" * 32, lease_seconds=1800.0, evidence_seconds=0.0)
"""A lease outlives every call: one that is still out is never given up on."""
ENDS = {"sent", "delivered", "undelivered", "bounced", "failed"}


class Mute(Outbox):
    """Cannot be asked, and reports by itself: only its silence, while it is heard of others, says anything."""

    can = Capabilities(channels=("email", "sms", "whatsapp"))


class Sending(RuleBasedStateMachine):
    """Workers, a provider and its callbacks, in whatever order."""

    database: Database
    library: Library
    at: datetime

    def __init__(self) -> None:
        super().__init__()
        self.out: list[Call] = []
        self.seen: dict[UUID, str] = {}
        self.has: set[UUID] = set()
        """Attempts the provider accepted."""

    @initialize(topic=st.sampled_from(TOPICS), can_be_asked=st.booleans())
    def messages_are_due(self, topic: str, *, can_be_asked: bool) -> None:
        self.topic, self.outbox = topic, Outbox() if can_be_asked else Mute()
        self.providers = Providers([self.outbox])
        with self.database.begin() as db:
            for table in (
                "messages",
                "due_messages",
                "attempts",
                "contents",
                "message_keys",
                "contact_points",
                "triggers",
                "handled_triggers",
                "customers",
                "sender_pauses",
            ):
                db.execute(text(f"DELETE FROM {table}"))
            due(db, MANY, now=self.at, topic=topic)

    @rule(limit=st.integers(1, MANY))
    def a_worker_claims(self, limit: int) -> None:
        self._do("UPDATE due_messages SET not_before = NULL")
        self._do("UPDATE sender_pauses SET until = clock_timestamp()")
        with self.database.begin() as db:
            found = claim(
                db, self.providers, self.library, SETTINGS, lane="transactional", limit=limit, worker="w",
                now=business_now(db),
            )  # fmt: skip
            self.out += found.calls
        with self.database.begin() as db:
            carry_out(db, found.held, now=business_now(db))

    @rule(chosen=st.randoms(use_true_random=False), outcome=st.sampled_from(["yes", "no", "later", "lost", "late"]))
    def a_call_returns(self, chosen: random.Random, outcome: str) -> None:
        if self.out:
            call = self.out.pop(chosen.randrange(len(self.out)))
            self._settle(call, self._answer(call, outcome))

    @rule(chosen=st.randoms(use_true_random=False))
    def a_call_is_taken(self, chosen: random.Random) -> None:
        """The provider has the message and may report it; its answer is still to be read."""
        if self.out:
            self._take(chosen.choice(self.out))

    @rule(chosen=st.randoms(use_true_random=False), taken=st.booleans())
    def a_worker_dies(self, chosen: random.Random, *, taken: bool) -> None:
        """Before or after the provider had the message; its lease runs out at once."""
        if self.out:
            call = self.out.pop(chosen.randrange(len(self.out)))
            if taken:
                self._take(call)
            self._do(
                "UPDATE attempts SET claimed_at = now() - interval '1 h' WHERE id = :id", id=call.outgoing.attempt_id
            )
            self._do("UPDATE watches SET look_at = now() WHERE :id = ANY(attempts)", id=call.outgoing.attempt_id)
            with self.database.begin() as db:
                expire_leases(db, PATIENT, self.providers)

    @rule(
        chosen=st.randoms(use_true_random=False), kind=st.sampled_from(["sent", "delivered", "undelivered", "deferred"])
    )
    def a_callback_comes(self, chosen: random.Random, kind: str) -> None:
        """For any accepted attempt, at any time, even before its call's answer is settled; sometimes twice."""
        if self.has:
            self._report(chosen.choice(sorted(self.has)), kind)

    @rule()
    def evidence_is_looked_for(self) -> None:
        self._look(is_over=False)

    @rule()
    def the_wait_is_over(self) -> None:
        self._look(is_over=True)

    @invariant()
    def nothing_is_lost_or_accepted_twice_unasked(self) -> None:
        rows = self._rows("SELECT id, state FROM messages")
        assert len(rows) in {0, MANY}
        attempts = self._rows("SELECT id, message_id, state, reason FROM attempts ORDER BY message_id, number")
        by_message: dict[UUID, list[Any]] = {}
        for row in attempts:
            by_message.setdefault(row.message_id, []).append(row)
        for made in by_message.values():
            accepted = [row for row in made if row.id in self.has]
            for earlier in accepted[:-1]:
                assert self.topic == "billing"
                assert earlier.reason == "no-evidence" or ATTEMPT_RANK[earlier.state] > ATTEMPT_RANK["lost"]
                assert earlier.id in self.given_up

    @invariant()
    def what_waits_is_due_or_being_called(self) -> None:
        waiting = self._rows("""
            SELECT m.state, d.message_id IS NOT NULL AS is_due,
                   EXISTS (SELECT FROM attempts a WHERE a.message_id = m.id AND a.state = 'calling') AS is_called
            FROM messages m LEFT JOIN due_messages d ON d.message_id = m.id
        """)
        for row in waiting:
            assert row.is_due + row.is_called == (row.state in {"planned", "queued", "sending"}), row

    @invariant()
    def what_is_known_of_an_attempt_only_grows(self) -> None:
        for row in self._rows("SELECT id, state FROM attempts"):
            assert ATTEMPT_RANK[row.state] >= ATTEMPT_RANK[self.seen.get(row.id, "calling")]
            self.seen[row.id] = row.state
            if row.state == "lost" and isinstance(self.outbox, Mute):
                self.given_up.add(row.id)

    def teardown(self) -> None:
        """With the provider well again, everything comes to an end."""
        if not hasattr(self, "outbox"):
            return
        for call in self.out:
            self._settle(call, self._answer(call, "yes"))
        self.out = []
        for _ in range(20):
            self._look(is_over=True)
            self.a_worker_claims(MANY)
            for call in self.out:
                self._settle(call, self._answer(call, "yes"))
            self.out = []
            self.what_is_known_of_an_attempt_only_grows()
            if self._states() <= ENDS:
                break
        self.nothing_is_lost_or_accepted_twice_unasked()
        # Silence says nothing while the provider has not been heard of at all.
        assert self._states() <= (ENDS if self.has or not isinstance(self.outbox, Mute) else ENDS | {"unknown"})

    @property
    def given_up(self) -> set[UUID]:
        """Attempts that a stated silence of a provider heard of others has settled."""
        return self.__dict__.setdefault("_given_up", set())

    def _answer(self, call: Call, outcome: str) -> Outcome | HandedBack:
        if call.outgoing.attempt_id in self.has and outcome != "lost":
            outcome = "yes"
        match outcome:
            case "yes":
                return self._take(call)
            case "no":
                return Refused(reason="content", permanent=False)
            case "later":
                return NotSent(reason="unreachable")
            case "late":
                return HandedBack()
        self._take(call)
        return Unknown(detail="reset")

    def _take(self, call: Call) -> Accepted:
        if call.outgoing.attempt_id not in self.has:
            self.outbox.taken.append(call.outgoing)
        self.has.add(call.outgoing.attempt_id)
        return Accepted(ref=f"out-{call.outgoing.attempt_id.hex}")

    def _settle(self, call: Call, outcome: Outcome | HandedBack) -> None:
        with self.database.begin() as db:
            settle(db, [Answered(call, outcome)], SETTINGS, now=business_now(db))

    def _report(self, attempt_id: UUID, kind: str) -> None:
        with self.database.begin() as db:
            known = by_id(db, [attempt_id])
            message, event, now = known[attempt_id.int].message_id, f"{kind} {attempt_id}", business_now(db)
            told = Applied(message_id=message, attempt_id=attempt_id, provider="outbox", event_id=event, kind=kind)
            carry_out_reports(db, sort_out(keep(db, [told], now=now), known), now=now)

    def _look(self, *, is_over: bool) -> None:
        wait = "interval '-1 s'" if is_over else "interval '1 h'"
        self._do(f"UPDATE attempts SET evidence_at = now(), evidence_until = now() + {wait} WHERE state = 'unknown'")
        if is_over and isinstance(self.outbox, Mute):
            self._hear_of_another()
        settle_unknown(self.database, self.providers, PATIENT)

    def _hear_of_another(self) -> None:
        """Let every waiting attempt be older than one the provider has reported."""
        if self.has:
            latest = max(self.has)
            self._do("UPDATE attempts SET claimed_at = now() WHERE id = :id", id=latest)
            self._report(latest, "deferred")

    def _states(self) -> set[str]:
        return {row.state for row in self._rows("SELECT state FROM messages")}

    def _rows(self, sql: str) -> list[Any]:
        with self.database.begin() as db:
            return list(db.execute(text(sql)).all())

    def _do(self, sql: str, **values: Any) -> None:
        with self.database.begin() as db:
            db.execute(text(sql), values)


def test_any_order_of_events_keeps_the_promises(live_database: Database, library: Library, at: datetime) -> None:
    class Here(Sending):
        pass

    Here.database, Here.library, Here.at = live_database, library, at
    run_state_machine_as_test(
        Here,
        settings=settings(
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking runs it thousands of times
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
