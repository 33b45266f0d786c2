"""What a set of triggers, at most one of each customer, ends and starts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.catalog.leaves import at as value_at
from notifier.db import by_key, copy, rows
from notifier.journeys import pending, steps
from notifier.journeys.onward import Going, Plan, onward
from notifier.journeys.rules.definition import Span
from notifier.journeys.rules.registry import Rule, Rules
from notifier.messages.draft import Decision, Draft, as_json
from notifier.messages.due import cancel

# One that was set aside still has messages that wait to be sent: it ends like any other.
_UNFINISHED = """
    SELECT r.id, r.journey, r.version, r.customer_id, r.incident, r.ends_on, t.time
    FROM runs r JOIN triggers t ON t.id = r.trigger_id
    WHERE r.customer_id = ANY(%(customers)s::text[]) AND r.state IN ('open', 'failed') ORDER BY r.id FOR UPDATE OF r
"""
_END = text("""
    UPDATE runs r SET state = 'ended', ended_at = :now, end_reason = 'ended-by-trigger', due_at = NULL,
           decisions = r.decisions || CAST(n.decisions AS jsonb)
    FROM unnest(CAST(:ids AS bigint[]), CAST(:decisions AS text[])) AS n(id, decisions) WHERE r.id = n.id
""")
# Only news that comes late finds anything.
_LATER = """
    SELECT n.id AS than, later.type, later.data
    FROM unnest(%(ids)s::bigint[], %(customers)s::text[], %(times)b::timestamptz[]) AS n(id, customer_id, time)
    CROSS JOIN LATERAL (
        SELECT type, data FROM triggers t
        WHERE customer_id = n.customer_id AND time >= n.time AND id <> n.id AND type = ANY(%(types)s::text[])
        AND EXISTS (SELECT FROM handled_triggers h WHERE h.trigger_id = t.id AND h.error = '' OFFSET 0) OFFSET 0
    ) later
"""
_LAST = """
    SELECT n.place, r.id, r.state, r.generation
    FROM unnest(%(places)s::int[], %(journeys)s::text[], %(customers)s::text[], %(incidents)s::text[])
         AS n(place, journey, customer_id, incident)
    CROSS JOIN LATERAL (
        SELECT id, state, generation FROM runs
        WHERE journey = n.journey AND customer_id = n.customer_id AND incident = n.incident
        ORDER BY generation DESC LIMIT 1
    ) r
"""
_AGAIN = text("""
    UPDATE runs r SET decisions = r.decisions || CAST(n.decisions AS jsonb)
    FROM unnest(CAST(:ids AS bigint[]), CAST(:decisions AS text[])) AS n(id, decisions) WHERE r.id = n.id
""")
_NUMBERS = """
    SELECT (SELECT array_agg(nextval('runs_id_seq')) FROM generate_series(1, %(many)b)) AS numbers,
           array_agg(id) AS customers, array_agg(timezone) AS zones
    FROM customers WHERE id = ANY(%(customers)s::text[])
"""
_BEGIN = (
    "id", "journey", "version", "customer_id", "incident", "generation", "trigger_id", "state", "position", "due_at",
    "ends_on", "decisions", "started_at", "ended_at", "tries", "error", "end_reason",
)  # fmt: skip


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A journey a trigger may start."""

    trigger: Any
    rule: Rule
    incident: str
    keys: list[str]


class Opening(msgspec.Struct, frozen=True):
    """A row of `runs` to be."""

    id: int
    journey: str
    version: int
    customer_id: str
    incident: str
    generation: int
    trigger_id: int
    ends_on: list[str]
    decisions: list[Decision]


def handle(db: Session, rules: Rules, triggers: Sequence[Any], plan: Plan, *, now: datetime) -> list[Draft]:
    """
    End and start what these triggers end and start, and keep the reasons; return what is to be sent.

    `triggers` are `pending.claim`'s.
    """
    decisions: dict[int, list[Decision]] = {trigger.id: [] for trigger in triggers}
    _end(db, rules, triggers, decisions, now)
    drafts = _start(db, rules, triggers, decisions, plan, now=now)
    for trigger in triggers:
        if not decisions[trigger.id]:
            ends = sorted({rule.definition.journey for rule, _ in rules.ending.get(trigger.type, ())})
            reason = "nothing-to-end" if ends else "no-journey"
            decisions[trigger.id].append(Decision(at=now, verdict="nothing", reason=reason, facts={"journeys": ends}))
    pending.done(db, triggers, decisions)
    return drafts


def _end(
    db: Session, rules: Rules, triggers: Sequence[Any], decisions: dict[int, list[Decision]], now: datetime
) -> None:
    by_customer = {trigger.customer_id: trigger for trigger in triggers}
    ended: dict[int, list[Decision]] = {}
    for run in rows(db, _UNFINISHED, {"customers": list(by_customer)}):
        trigger = by_customer[run.customer_id]
        keys = _keys(rules.by_version[run.journey, run.version], trigger)
        if not keys.intersection(run.ends_on):
            continue
        facts = {"journey": run.journey, "run": run.id, "incident": run.incident}
        if run.time > trigger.time:
            decisions[trigger.id].append(Decision(at=now, verdict="nothing", reason="older-than-start", facts=facts))
            continue
        decisions[trigger.id].append(Decision(at=now, verdict="ended", reason="ended-by-trigger", facts=facts))
        cause = {"trigger": trigger.id, "type": trigger.type}
        ended[run.id] = [Decision(at=now, verdict="ended", reason="ended-by-trigger", facts=cause)]
    if ended:
        db.execute(_END, {"ids": list(ended), "decisions": as_json(ended.values()), "now": now})
        cancel(db, list(ended), reason="ended-by-trigger", at=now)


def _keys(rule: Rule, trigger: Any) -> set[str]:
    ends = [end for end in rule.definition.ends_on if end.trigger == trigger.type]
    return {f"{trigger.type}|{value_at(trigger.data, end.about)}" for end in ends}


def _start(
    db: Session, rules: Rules, triggers: Sequence[Any], decisions: dict[int, list[Decision]], plan: Plan, *,
    now: datetime,
) -> list[Draft]:  # fmt: skip
    candidates = [one for trigger in triggers for one in _candidates(rules, trigger, decisions[trigger.id], now)]
    if not candidates:
        return []
    with by_key(db):
        last, later = _last(db, candidates), _later(db, candidates)
    opening: list[tuple[Candidate, int]] = []
    for place, one in enumerate(candidates):
        facts = {"journey": one.rule.definition.journey, "incident": one.incident}
        reason, generation = _verdict(one, last.get(place), later.get(one.trigger.id, ()), now)
        if reason:
            if place in last:
                facts["run"] = last[place].id
            decisions[one.trigger.id].append(Decision(at=now, verdict="not-started", reason=reason, facts=facts))
        else:
            opening.append((one, generation))
    again = [
        (last[place].id, one.trigger)
        for place, one in enumerate(candidates)
        if place in last and last[place].state == "open"
    ]
    if again:
        told = as_json([_happened_again(trigger, now)] for _, trigger in again)
        db.execute(_AGAIN, {"ids": [run for run, _ in again], "decisions": told})
    return _begin(db, opening, decisions, plan, now) if opening else []


def _happened_again(trigger: Any, now: datetime) -> Decision:
    facts = {"trigger": trigger.id, "type": trigger.type}
    return Decision(at=now, verdict="nothing", reason="happened-again", facts=facts)


def _candidates(rules: Rules, trigger: Any, made: list[Decision], now: datetime) -> list[Candidate]:
    found = []
    for rule in rules.starting.get(trigger.type, ()):
        read = rule.definition
        verdict = rule.condition.ask(trigger.data) if rule.condition else None
        if verdict and not verdict.holds:
            facts = {"journey": read.journey, "when": read.when, **verdict.facts}
            made.append(Decision(at=now, verdict="not-started", reason="condition-unmet", facts=facts))
            continue
        incident = value_at(trigger.data, read.about)
        keys = [f"{end.trigger}|{value_at(trigger.data, end.of) if end.of else incident}" for end in read.ends_on]
        found.append(Candidate(trigger=trigger, rule=rule, incident=str(incident), keys=keys))
    return found


def _verdict(one: Candidate, last: Any, later: Sequence[Any], now: datetime) -> tuple[str, int]:
    read = one.rule.definition
    if any(not _keys(one.rule, trigger).isdisjoint(one.keys) for trigger in later):
        return "already-ended", 0
    if one.trigger.time + Span(read.expires_after).length <= now:
        return "too-old", 0
    if last is None:
        return "", 1
    if last.state in {"open", "failed"}:
        return "run-open", 0
    return ("", last.generation + 1) if read.reenter else ("already-run", 0)


def _last(db: Session, candidates: list[Candidate]) -> dict[int, Any]:
    values = {
        "places": list(range(len(candidates))),
        "journeys": [one.rule.definition.journey for one in candidates],
        "customers": [one.trigger.customer_id for one in candidates],
        "incidents": [one.incident for one in candidates],
    }
    return {row.place: row for row in rows(db, _LAST, values)}


def _later(db: Session, candidates: list[Candidate]) -> dict[int, list[Any]]:
    """Return what was handled before the triggers that begin the candidates, and happened after them."""
    before = {one.trigger.id: one.trigger for one in candidates if one.keys}
    asked = {
        "ids": list(before),
        "customers": [trigger.customer_id for trigger in before.values()],
        "times": [trigger.time for trigger in before.values()],
        "types": sorted({end.trigger for one in candidates for end in one.rule.definition.ends_on}),
    }
    found: dict[int, list[Any]] = {}
    for row in rows(db, _LATER, asked) if before else ():
        found.setdefault(row.than, []).append(row)
    return found


def _begin(
    db: Session, opening: list[tuple[Candidate, int]], decisions: dict[int, list[Decision]], plan: Plan, now: datetime
) -> list[Draft]:
    asked = {"many": len(opening), "customers": [one.trigger.customer_id for one, _ in opening]}
    [found] = rows(db, _NUMBERS, asked)
    zones = dict(zip(found.customers or (), found.zones or (), strict=True))
    going = []
    for number, (one, generation) in zip(found.numbers, opening, strict=True):
        read, version, trigger = one.rule.definition, one.rule.version, one.trigger
        facts = {"journey": read.journey, "version": version, "incident": one.incident, "run": number}
        decisions[trigger.id].append(Decision(at=now, verdict="started", reason="journey-started", facts=facts))
        cause = {"trigger": trigger.id, "type": trigger.type}
        started = Decision(at=now, verdict="started", reason="journey-started", facts=cause)
        run = Opening(
            number, read.journey, version, trigger.customer_id, one.incident, generation, trigger.id, one.keys,
            [started],
        )  # fmt: skip
        zone = zones.get(trigger.customer_id) or "UTC"
        moved = steps.advance(read, steps.start(read, at=trigger.time), steps.Started(), now, zone)
        going.append(Going(run=run, definition=read, zone=zone, moved=moved))
    drafts = onward(going, plan, now=now)
    positions, told = as_json(one.moved.position for one in going), as_json(one.run.decisions for one in going)
    copy(db, "runs", _BEGIN, (_row(*one, now) for one in zip(going, positions, told, strict=True)))
    return drafts


def _row(one: Going, position: str, decisions: str, now: datetime) -> tuple[object, ...]:
    run, moved = one.run, one.moved
    state, ended_at = ("finished", now) if moved.finished else ("open", None)
    return (
        run.id, run.journey, run.version, run.customer_id, run.incident, run.generation, run.trigger_id, state,
        position, moved.due_at, run.ends_on, decisions, now, ended_at, 0, "", "",
    )  # fmt: skip
