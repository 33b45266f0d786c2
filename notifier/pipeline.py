"""
The way of a trigger, in order. Every Dramatiq actor is here.

A bell wakes the actor of its lane; the actor takes sets of rows until none are left, and what it commits rings the next
lane. Any number of processes may run any of them, and each may be killed at any moment: the rows say what is still due.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

import dramatiq
from sqlalchemy.orm import Session

from notifier import clock
from notifier.house import House
from notifier.journeys import advance
from notifier.journeys.onward import Plan
from notifier.journeys.rules.definition import Lane
from notifier.planning.plan import planning
from notifier.replies.receive import has_come, receive_pending
from notifier.sending.claims.calls import Claimed
from notifier.sending.claims.fresh import Desk
from notifier.sending.drain import drain, send_all, worker_name
from notifier.sending.unknown.reconcile import reconcile
from notifier.sending.unknown.settle import settle_unknown
from notifier.sending.ways import tokens
from notifier.sending.ways.routes import Sender
from notifier.tracking.apply import apply_pending

SET = 500
"""Rows taken at once."""
LITTLE = 100
"""Bulk triggers taken between two looks at the urgent ones, while there are any."""
USUAL = 2
"""Messages a trigger asks for at once."""
PATIENCE = 0.25
"""Seconds planning waits for calls to return; then what it plans is due, and waits for them in its lane."""

Stage = Callable[[House], None]
STAGES: dict[str, Stage] = {}
RESTS: dict[str, float] = {}
"""Seconds a process waits between two turns of a lane."""


def actor(lane: str, *, rest: float = 0.0) -> Callable[[Stage], Stage]:
    """Make the stage the actor of its lane; `declare` puts it on a broker."""
    RESTS[lane] = rest
    return lambda stage: STAGES.setdefault(lane, stage)


@actor("triggers")
def triggers_were_accepted(house: House) -> None:
    """
    Decide what they start, wake and end, plan the messages that follow, and send at once what may go at once.

    Urgent ones first; beside a trickle of them the others go on, a little at a time.
    """
    looks = _Looks(house)
    send_all(house.database, house.settings, looks.take, ahead=looks.ahead, patience=PATIENCE, stopped=house.stopping)


@actor("runs", rest=0.1)
def runs_are_due(house: House) -> None:
    """Take the next step of every run whose wait is over, or whose message has come to an outcome."""
    _in_sets(house, lambda db, now: advance.due(db, limit=SET, now=now, plan=_plan(house, db, now)))


@actor("transactional")
def transactional_messages_are_due(house: House) -> None:
    """Claim, render, commit, call, settle."""
    _send(house, "transactional")


@actor("bulk")
def bulk_messages_are_due(house: House) -> None:
    """The same, while nothing transactional is due."""
    _send(house, "bulk")


@actor("hooks", rest=0.1)
def callbacks_have_come(house: House) -> None:
    """
    Apply what providers report, and take what customers write for what it is.

    What comes meanwhile rings again, and gathers for a moment: reports come by the thousand, and a set of ten costs as
    much as one of a hundred.
    """
    known, more = house.providers.by_name, True
    texts_wait = False

    def apply(db: Session, now: datetime) -> int:
        nonlocal texts_wait
        taken = apply_pending(db, known, limit=SET, now=now)
        texts_wait = has_come(db)
        return taken

    while more:
        status = _set(house, apply)
        inbound = _set(house, lambda db, now: receive_pending(db, known, limit=SET, now=now)) if texts_wait else 0
        more = max(status, inbound) >= SET


@actor("unknown")
def answers_are_missing(house: House) -> None:
    """
    Look for evidence; when a stated wait has passed without any, let the topic's policy decide. Ask about what was
    accepted and never reported on.
    """
    settle_unknown(house.database, house.providers, house.settings)
    reconcile(house.database, house.providers)


def run(house: House, lane: str) -> None:
    """Do a lane's work here and now, without a bell."""
    STAGES[lane](house)


def declare(broker: dramatiq.Broker, house: House) -> None:
    """Put every actor on the broker; `house` gives them database, templates and providers."""
    for lane, stage in STAGES.items():
        declared = dramatiq.actor(broker=broker, actor_name=lane, queue_name=lane)
        declared(_Turn(stage, house, RESTS[lane]).take)


class _Turn:
    """One drain of a lane at a time in a process: a bell meanwhile makes it look once more, not twice at once."""

    def __init__(self, stage: Stage, house: House, rest: float) -> None:
        self._stage, self._house, self._rest = stage, house, rest
        self._busy = threading.Lock()
        self._again = threading.Event()

    def take(self) -> None:
        self._again.set()
        while self._again.is_set() and self._busy.acquire(blocking=False):
            try:
                self._again.clear()
                self._stage(self._house)
                self._house.stopping.wait(self._rest)
            finally:
                self._busy.release()


def _send(house: House, lane: str) -> None:
    drain(house.database, house.providers, house.library, house.settings, lane, stopped=house.stopping)


def _in_sets(house: House, work: Callable[[Session, datetime], int]) -> None:
    while _set(house, work):
        pass


def _set(house: House, work: Callable[[Session, datetime], int]) -> int:
    return 0 if house.stopping.is_set() else house.database.run(lambda db: work(db, clock.business_now(db)))


class _Looks:
    """Looks at the pending triggers, in turns: of their two lanes, and of what may be claimed with them."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._calls = house.settings.calls
        self.ahead = min(SET, self._calls)
        """Calls claimed beyond the free slots: sets of twice the size cost a twentieth less."""
        self._is_bulks_turn = False

    def take(self, room: int) -> Claimed:
        """Handle a set, in one transaction: a call that is committed has to be made before anything else can fail."""
        spare = max(0, room - self.ahead - self._calls // 2)  # half of the slots are never taken by bulk
        if self._is_bulks_turn:
            self._is_bulks_turn = False
            if (few := self._look("bulk", LITTLE, spare)).seen:
                return few
        most = self._fitting(room)
        if (urgent := self._look("transactional", most, room)).seen:
            self._is_bulks_turn = urgent.seen < most
            return urgent
        return self._look("bulk", self._fitting(spare), spare)

    def _fitting(self, room: int) -> int:
        """Return how many triggers to handle at once, so that most of what they ask for can be called at once."""
        return max(1, min(SET, room // USUAL)) if room >= self._calls / 4 else SET

    def _look(self, lane: Lane, limit: int, room: int) -> Claimed:
        house = self._house
        return tokens.spend(
            house.database, house.providers, lambda db, rooms: self._handle(db, lane, limit, room, rooms),
            lane=lane, limit=room,
        )  # fmt: skip

    def _handle(self, db: Session, lane: Lane, limit: int, room: int, rooms: Mapping[Sender, float]) -> Claimed:
        house, now = self._house, clock.business_now(db)
        desk = Desk(
            db, house.providers, house.library, house.settings, limit=room, worker=worker_name(), now=now, rooms=rooms
        )
        plan = _plan(house, db, now)
        handled = advance.triggers(db, lanes=(lane,), limit=limit, now=now, plan=plan, store=desk.store)
        desk.give_back()
        return Claimed([call for calls in handled.stored for call in calls], handled.many, {})


def _plan(house: House, db: Session, now: datetime) -> Plan:
    return planning(db, now=now, default_locale=house.settings.default_locale)
