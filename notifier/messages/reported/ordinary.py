"""The ordinary report, in two statements for a whole set: an accepted message goes on to sent, delivered, read."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy.orm import Session

from notifier.db import rows, unless_all
from notifier.messages.apply import Applied, follow
from notifier.messages.reported.known import Known, Place, place
from notifier.messages.states import ATTEMPT_RANK, ENGAGEMENT_RANK, PROVES


class Step(Struct, frozen=True):
    """What the reports of one attempt come to."""

    known: Known
    best: Applied | None
    """The one that raises the attempt, if one does."""
    engagement: str
    """The furthest seen; empty: no further than known."""
    told: Sequence[Applied]
    """All of them."""
    is_ordinary: bool
    """By what is known; several attempts of a message are not, either way."""
    is_of_message: bool
    """It changes more than the attempt's own row."""


class Sorted(Struct, frozen=True):
    """Reports by the way they go."""

    ordinary: Sequence[Step]
    others: Sequence[Applied]
    """Failures, calls whose answer is not stored, several attempts of a message: for `apply.follow`."""
    places: frozenset[Place]
    """Of messages that may come to an outcome; runs that wait for one are to be locked before anything else is."""


class Done(Struct, frozen=True):
    """What came of them."""

    delivered: Collection[Place]
    """Where messages are that have become `delivered` the ordinary way."""
    changed: Collection[int]
    """Runs whose messages reached or changed an outcome in another way."""


_ACCEPTED = {"accepted", "sent", "delivered"}
_ON_ITS_WAY = {"sent", "delivered"}
_LOCK = """
    SELECT id FROM messages WHERE id = ANY(%(messages)b) ORDER BY id FOR NO KEY UPDATE
"""
_LOCK_ATTEMPTS = """
    SELECT id FROM attempts WHERE id = ANY(%(attempts)b) ORDER BY id FOR NO KEY UPDATE
"""
# `CASE`, here and below: as in `messages.accepted`.
_MESSAGES = """
    UPDATE messages m SET state = 'delivered', reason = '',
           engagement = CASE WHEN n.engagement <> ''
                              AND array_position(%(ranks)s::text[], n.engagement)
                                > coalesce(array_position(%(ranks)s::text[], m.engagement), 0)
                        THEN n.engagement ELSE m.engagement END
    FROM unnest(%(ids)b::uuid[], %(engagements)s::text[]) AS n(id, engagement)
    WHERE m.id = n.id AND CASE WHEN n.id = m.id THEN m.state IN ('sent', 'delivered') END RETURNING m.id
"""
_ATTEMPTS = """
    UPDATE attempts a SET state = n.state, settled_at = clock_timestamp(), reason = n.reason, detail = n.detail
    FROM unnest(%(ids)b::uuid[], %(states)s::text[], %(reasons)s::text[], %(details)s::text[])
         AS n(id, state, reason, detail)
    WHERE a.id = n.id AND CASE n.state WHEN 'delivered' THEN a.state <> 'delivered' ELSE a.state = 'accepted' END
"""
_RANKS = sorted(ENGAGEMENT_RANK, key=ENGAGEMENT_RANK.__getitem__)


def sort_out(reports: Sequence[Applied], known: Mapping[int, Known]) -> Sorted:
    """
    Tell the ordinary reports from the others; those that say nothing new of their attempt are left out. Pure.

    `known` may have been overtaken: an attempt only rises, so what says nothing new of it then says nothing new now.
    """
    told: dict[int, list[Applied]] = {}
    for report in reports:
        if report.attempt_id is not None and report.kind in PROVES:
            told.setdefault(report.attempt_id.int, []).append(report)
    steps = [step for ident, ours in told.items() if (step := _step(known[ident], ours))]
    many = Counter([step.known.message_id.int for step in steps])
    ordinary: list[Step] = []
    others: list[Applied] = []
    places: set[Place] = set()
    for step in steps:
        about = step.known
        is_ordinary = step.is_ordinary and many[about.message_id.int] == 1
        if is_ordinary:
            ordinary.append(step)
        else:
            others += step.told
        if not (is_ordinary and _leaves_outcome(step)) and (where := place(about)):
            places.add(where)
    return Sorted(ordinary, others, frozenset(places))


def _step(known: Known, told: Sequence[Applied]) -> Step | None:
    best, engagement = None, ""
    rank, furthest = ATTEMPT_RANK[known.state], ENGAGEMENT_RANK.get(known.engagement or "", 0)
    is_ordinary = known.state in _ACCEPTED and known.message_state in _ON_ITS_WAY
    for report in told:
        state = PROVES[report.kind]
        if (proven := ATTEMPT_RANK[state]) > rank:
            best, rank = report, proven
        if (further := ENGAGEMENT_RANK.get(report.kind, 0)) > furthest:
            engagement, furthest = report.kind, further
        is_ordinary = is_ordinary and state in _ACCEPTED and report.ref in {None, known.ref}
    if best is None and not engagement:
        return None
    is_of_message = bool(engagement) or (best is not None and PROVES[best.kind] == "delivered")
    return Step(known, best, engagement, told, is_ordinary, is_of_message)


def _leaves_outcome(step: Step) -> bool:
    return step.known.message_state == "delivered" or not step.is_of_message


def carry_out(db: Session, given: Sorted, *, now: datetime) -> Done:
    """
    Raise attempts and messages by reports just kept; the caller has locked the runs that wait at `given.places`.

    `now` is business time. Where both ways are gone, all is locked first, so that messages stay before attempts, each
    in order of id.
    """
    of_message = {step.known.message_id.int: step for step in given.ordinary if step.is_of_message}
    if given.others:
        _lock(db, given)
    overtaken = of_message.keys() - _deliver(db, of_message)
    told = [report for ident in overtaken for report in of_message[ident].told]
    changed = follow(db, [*given.others, *told], now=now)
    for ident in overtaken:
        del of_message[ident]
    of_attempt = [step for step in given.ordinary if not step.is_of_message]
    _raise(db, [step for step in (*of_message.values(), *of_attempt) if step.best])
    raised = (place(step.known) for step in of_message.values() if not _leaves_outcome(step))
    return Done({where for where in raised if where}, changed)


def _lock(db: Session, given: Sorted) -> None:
    messages = {step.known.message_id for step in given.ordinary if step.is_of_message}
    messages.update(report.message_id for report in given.others)
    attempts = {step.known.attempt_id for step in given.ordinary}
    attempts.update(report.attempt_id for report in given.others if report.attempt_id)
    rows(db, _LOCK, {"messages": sorted(messages)})
    rows(db, _LOCK_ATTEMPTS, {"attempts": sorted(attempts)})


def _deliver(db: Session, steps: Mapping[int, Step]) -> Collection[int]:
    """Return those that are delivered, or were; what happened to the others meanwhile is for `apply.follow`."""
    if not steps:
        return ()
    ids = sorted(steps)
    values = {
        "ids": [steps[ident].known.message_id for ident in ids],
        "engagements": [steps[ident].engagement for ident in ids],
        "ranks": _RANKS,
    }
    done = unless_all(db, _MESSAGES, values, many=len(ids))
    return ids if done is None else {row.id.int for row in done}


def _raise(db: Session, steps: Sequence[Step]) -> None:
    if best := {step.known.attempt_id.int: step.best for step in steps if step.best is not None}:
        told = [best[ident] for ident in sorted(best)]
        values = {
            "ids": [report.attempt_id for report in told],
            "states": [PROVES[report.kind] for report in told],
            "reasons": [report.reason for report in told],
            "details": [report.detail for report in told],
        }
        rows(db, _ATTEMPTS, values)
