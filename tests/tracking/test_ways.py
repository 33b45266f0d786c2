"""Whatever is reported, in whatever sets: the ordinary way ends as the full way does, one report after the other."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from notifier.db import Database
from notifier.journeys import reports as journeys
from notifier.messages.accepted import Acceptance, accept
from notifier.messages.apply import Applied, follow
from notifier.messages.apply import keep as keep_events
from notifier.messages.models import Attempt
from notifier.messages.outcomes import Change, record
from notifier.messages.states import ENGAGEMENT_RANK, PROVES, shown
from notifier.providers.contract import EventKind, StatusReport
from notifier.tracking import consequences
from notifier.tracking.apply import apply_pending
from notifier.tracking.keep import keep
from tests.tracking.support import FakeProvider, make_message, status

KINDS: list[EventKind] = [*PROVES, "unsubscribed", "unknown"]  # type: ignore[list-item]  # they are
PROVIDERS = ("twilio", "other")
MANY = 3
WORLDS = ("together", "alone")

_ATTEMPTS = """
    SELECT a.id, a.message_id, a.number, a.provider, a.state, substr(a.ref, 2) AS ref, a.reason, a.detail,
           r.ref = a.ref AS is_found_by_ref, m.state AS message_state
    FROM attempts a LEFT JOIN refs r ON r.attempt_id = a.id
    JOIN messages m ON m.id = a.message_id WHERE m.step = :world ORDER BY m.customer_id, a.number
"""
_MESSAGES = """
    SELECT m.id, m.customer_id, m.state, m.reason, m.engagement, m.provider, substr(m.provider_ref, 2) AS ref,
           m.sent_at, d.message_id IS NOT NULL AS is_due, r.due_at <= :now AS is_woken
    FROM messages m LEFT JOIN due_messages d ON d.message_id = m.id JOIN runs r ON r.id = m.run_id
    WHERE m.step = :world ORDER BY m.customer_id
"""
_EVENTS = """
    SELECT a.number, m.customer_id, e.provider, substr(e.event_id, 2) AS event, e.kind, e.reason, e.detail
    FROM events e JOIN messages m ON m.id = e.message_id LEFT JOIN attempts a ON a.id = e.attempt_id
    WHERE m.step = :world ORDER BY 2, 4, 3
"""
_SUPPRESSED = """
    SELECT substr(address, 2) AS address, reason FROM suppressions WHERE left(address, 1) = left(:world, 1)
    ORDER BY 1, 2
"""
_RUN = """
    INSERT INTO runs (journey, version, customer_id, incident, generation, trigger_id, state, position, due_at, ends_on,
                      tries, error, decisions, started_at, end_reason)
    VALUES ('payment-failed', 1, :customer, :customer, 1, :trigger, 'open', CAST(:position AS jsonb), :due, '{}', 0,
            '', '[]', now(), '')
    RETURNING id
"""
_DUE = """
    INSERT INTO due_messages (message_id, customer_id, lane, channel, topic, journey, due_at)
    SELECT id, customer_id, lane, channel, topic, journey, due_at FROM messages WHERE id = :id
"""
_EMPTY = (
    "messages", "due_messages", "attempts", "refs", "events", "hook_sets", "pending_hooks", "runs", "triggers",
    "suppressions",
)  # fmt: skip


class Twin(Struct, frozen=True):
    """An attempt in each of two worlds that are told the same things."""

    ids: tuple[UUID, UUID]
    provider: str


class Told(Struct, frozen=True):
    """Something reported of both."""

    twin: Twin
    provider: str
    kind: EventKind
    reason: str
    number: int
    by_ref: bool


class Ways(RuleBasedStateMachine):
    """Calls, answers and reports; one world applies the reports in sets, the other one by one."""

    database: Database
    at: datetime

    def __init__(self) -> None:
        super().__init__()
        self.twins: list[Twin] = []
        self.waiting: list[Told] = []
        self.told: list[Told] = []

    @initialize(waits=st.booleans())
    def messages_are_due(self, *, waits: bool) -> None:
        with self.database.begin() as db:
            for table in _EMPTY:
                db.execute(text(f"DELETE FROM {table}"))
            for number in range(MANY):
                for world in WORLDS:
                    self._message(db, number, world, waits=waits)

    @rule(number=st.integers(0, MANY - 1), provider=st.sampled_from(PROVIDERS))
    def a_message_is_claimed(self, number: int, provider: str) -> None:
        with self.database.begin() as db:
            due = db.execute(
                text("""
                DELETE FROM due_messages d USING messages m WHERE m.id = d.message_id AND m.customer_id = :customer
                RETURNING m.id, m.step, d.number
            """),
                {"customer": f"cus_{number}"},
            ).all()
            made = {}
            for row in due:
                made[row.step] = uuid7()
                db.add(
                    Attempt(id=made[row.step], message_id=row.id, number=row.number, provider=provider, claimed_by="w")
                )
            if made:
                self.twins.append(Twin((made["together"], made["alone"]), provider))

    @rule(chosen=st.randoms(use_true_random=False), answer=st.sampled_from(["yes", "no", "later", "lost", "silence"]))
    def a_call_is_answered(self, chosen: random.Random, answer: str) -> None:
        if not self.twins:
            return
        twin = chosen.choice(self.twins)
        self._flush([len(self.waiting)])
        with self.database.begin() as db:
            for world, ident in zip(WORLDS, twin.ids, strict=True):
                self._answer(db, world, ident, twin, answer)

    @rule(
        chosen=st.randoms(use_true_random=False),
        kind=st.sampled_from(KINDS),
        reason=st.sampled_from(["", "", "bad-address", "blocked"]),
        provider=st.sampled_from(["its", "its", "its", "another"]),
        by_ref=st.booleans(),
        again=st.integers(1, 2),
    )
    def something_is_reported(
        self, chosen: random.Random, kind: EventKind, reason: str, provider: str, *, by_ref: bool, again: int
    ) -> None:
        if self.twins:
            twin = chosen.choice(self.twins)
            name = twin.provider if provider == "its" else next(one for one in PROVIDERS if one != twin.provider)
            failed = reason if kind in {"refused", "undelivered", "bounced"} else ""
            told = Told(twin, name, kind, failed, len(self.told), by_ref)
            self.told.append(told)
            self._tell(told, again, at=len(self.waiting))

    @rule(chosen=st.randoms(use_true_random=False))
    def a_report_is_repeated(self, chosen: random.Random) -> None:
        if self.told:
            self._tell(chosen.choice(self.told), 1, at=chosen.randrange(len(self.waiting) + 1))

    @rule(sizes=st.lists(st.integers(1, 6), max_size=6))
    def reports_are_applied(self, sizes: list[int]) -> None:
        self._flush(sizes)

    @invariant()
    def both_worlds_are_alike(self) -> None:
        if self.waiting:
            return
        with self.database.begin() as db:
            together, alone = (self._world(db, world) for world in WORLDS)
            assert together == alone

    def teardown(self) -> None:
        self._flush([3, 1, 5])
        self.both_worlds_are_alike()

    def _message(self, db: Session, number: int, world: str, *, waits: bool) -> None:
        customer = f"cus_{number}"
        message = make_message(
            db, self.at, id=uuid7(), customer_id=customer, step=world, channel="email", state="planned", sent_at=None,
            address=f"{world[0]}{number}@example.com", data={},
        )  # fmt: skip
        given = {
            "customer": f"{customer}-{world}",
            "trigger": message.trigger_id,
            "position": msgspec.json.encode(
                {"step": world, "state": "reports" if waits else "wait", "tried": ["email"]}
            ).decode(),
            "due": self.at + timedelta(days=3),
        }
        message.run_id = db.execute(text(_RUN), given).scalar_one()
        db.flush()
        db.execute(text(_DUE), {"id": message.id})

    def _tell(self, told: Told, times: int, *, at: int) -> None:
        if told.by_ref:  # whether the reference is known yet is asked once a set
            self._flush([])
            self.waiting += [told] * times
            self._flush([])
        else:
            self.waiting[at:at] = [told] * times

    def _answer(self, db: Session, world: str, ident: UUID, twin: Twin, answer: str) -> None:
        ref = f"{world[0]}-{self.twins.index(twin)}"
        row = db.execute(text("SELECT message_id, state FROM attempts WHERE id = :id"), {"id": ident}).one()
        if answer == "yes":
            if row.state == "calling" and world == "together":
                taken = Acceptance(row.message_id, ident, twin.provider, ref, None)
                if accept(db, [taken], now=self.at):
                    return
            change = Change(attempt_id=ident, state="accepted", ref=ref)
        elif answer == "no":
            change = Change(attempt_id=ident, state="refused", reason="content", then="failed")
        elif answer == "later":
            change = Change(attempt_id=ident, state="not-sent", reason="unreachable", then="queued")
        elif answer == "silence":
            change = Change(attempt_id=ident, state="unknown", reason="no-answer")
        else:
            change = Change(attempt_id=ident, state="lost", reason="no-evidence", then="queued")
        runs = record(db, [change], now=self.at)
        journeys.wake(db, runs, now=self.at)

    def _flush(self, sizes: Sequence[int]) -> None:
        """Hand everything over: to one world in hooks of these sizes, to the other report by report."""
        waiting, self.waiting = self.waiting, []
        with self.database.begin() as db:
            for told in waiting:
                self._alone(db, told)
        left = list(waiting)
        for size in [*sizes, len(waiting)]:
            batch, left = left[:size], left[size:]
            with self.database.begin() as db:
                for provider in PROVIDERS:
                    ours = [self._report(told, 0) for told in batch if told.provider == provider]
                    keep(db, [status(ours, provider)])
            if size % 2:  # sometimes several hooks at once
                self._apply()
        self._apply()

    def _apply(self) -> None:
        providers = {name: FakeProvider() for name in PROVIDERS}
        with self.database.begin() as db:
            apply_pending(db, providers, limit=500, now=self.at)

    def _report(self, told: Told, world: int) -> StatusReport:
        at_provider = f"{WORLDS[world][0]}-{self.twins.index(told.twin)}"
        return StatusReport(
            event_id=f"{WORLDS[world][0]}{told.number}",
            attempt_id=None if told.by_ref else told.twin.ids[world],
            ref=at_provider,
            kind=told.kind,
            reason=told.reason,  # type: ignore[arg-type]  # one of them
            detail=f"{told.kind} {told.number}",
        )

    def _alone(self, db: Session, told: Told) -> None:
        report = self._report(told, 1)
        row = db.execute(
            text(
                "SELECT a.id, a.message_id, a.provider FROM attempts a WHERE a.id = :id OR (:by_ref AND a.ref = :ref)"
            ),
            {"id": report.attempt_id, "by_ref": told.by_ref, "ref": report.ref},
        ).one_or_none()
        if row is None or row.provider != told.provider:
            return
        one = Applied(
            message_id=row.message_id, attempt_id=row.id, provider=told.provider, event_id=report.event_id,
            kind=report.kind, reason=report.reason, ref=report.ref, detail=report.detail,
        )  # fmt: skip
        new = keep_events(db, [one], now=self.at)
        journeys.wake(db, follow(db, new, now=self.at), now=self.at)
        consequences.follow(db, new, now=self.at)

    def _world(self, db: Session, world: str) -> dict[str, list[Any]]:
        """Return all there is of a world, without what tells the two apart."""
        given = {"world": world, "now": self.at}
        attempts = db.execute(text(_ATTEMPTS), given).all()
        of: dict[UUID, list[str]] = {}
        for row in attempts:
            of.setdefault(row.message_id, []).append(row.state)
        messages = db.execute(text(_MESSAGES), given).all()
        return {
            "attempts": [tuple(row)[2:] for row in attempts],
            "messages": [(shown(row.state, of.get(row.id, [])), *tuple(row)[3:]) for row in messages],
            "events": [tuple(row) for row in db.execute(text(_EVENTS), given)],
            "suppressions": [tuple(row) for row in db.execute(text(_SUPPRESSED), given)],
        }


def test_sets_end_as_one_by_one(live_database: Database, now: datetime) -> None:
    class Here(Ways):
        pass

    Here.database, Here.at = live_database, now
    assert ENGAGEMENT_RANK.keys() - {"replied"} <= set(KINDS)
    run_state_machine_as_test(
        Here,
        settings=settings(
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            max_examples=40,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
