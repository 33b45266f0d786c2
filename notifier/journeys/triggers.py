"""What a set of triggers, at most one of each customer, ends and starts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.catalog.leaves import at as value_at
from notifier.db import copy, rows
from notifier.journeys import steps
from notifier.journeys.onward import Going, Plan, onward
from notifier.journeys.rules.definition import Span
from notifier.journeys.rules.registry import Rule, Rules
from notifier.messages.draft import Decision, Draft, as_json
from notifier.messages.due import cancel

# One that was set aside still has messages that wait to be sent: it ends like any other.
_UNFINISHED = """
    SELECT r.id, r.journey, r.version, r.customer_id, r.incident, r.ends_on, t.time
    FROM runs r JOIN triggers t ON t.id = r.trigger_id
    WHERE r.customer_id = ANY(%(customers)b::text[]) AND r.state IN ('open', 'failed') ORDER BY r.id FOR UPDATE OF r
"""
_END = text("""
    UPDATE runs r SET state = 'ended', ended_at = :now, end_reason = 'ended-by-trigger', due_at = NULL,
           decisions = r.decisions || CAST(n.decisions AS jsonb)
    FROM unnest(CAST(:ids AS bigint[]), CAST(:decisions AS text[])) AS n(id, decisions) WHERE r.id = n.id
""")
_REMEMBER = """
    INSERT INTO ended_incidents AS e (journey, customer_id, key, time, trigger_id)
    SELECT * FROM unnest(%(journeys)b::text[], %(customers)b::text[], %(keys)b::text[], %(times)b::timestamptz[],
                         %(triggers)b::bigint[])
    ON CONFLICT (journey, customer_id, key) DO UPDATE SET time = excluded.time, trigger_id = excluded.trigger_id
    WHERE e.time < excluded.time
"""
_ENDED = """
    SELECT e.journey, e.customer_id, e.key, e.time
    FROM unnest(%(journeys)b::text[], %(customers)b::text[], %(keys)b::text[]) AS n(journey, customer_id, key)
    JOIN ended_incidents e USING (journey, customer_id, key)
"""
_LAST = """
    SELECT n.place, r.id, r.state, r.generation
    FROM unnest(%(places)b::int[], %(journeys)b::text[], %(customers)b::text[], %(incidents)b::text[])
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
    FROM customers WHERE id = ANY(%(customers)b::text[])
"""
_BEGIN = (
    "id", "journey", "version", "customer_id", "incident", "generation", "trigger_id", "state", "position", "due_at",
    "ends_on", "decisions", "started_at", "ended_at", "tries", "error", "end_reason",
)  # fmt: skip
_DONE = """
    UPDATE triggers t SET state = 'done', error = '', decisions = t.decisions || n.decisions::jsonb
    FROM unnest(%(ids)b::bigint[], %(decisions)b::text[]) AS n(id, decisions) WHERE t.id = n.id
"""


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
    End and start what these triggers end and start, and mark them done with the reasons; return what is to be sent.

    The caller has locked the triggers' customers. `triggers` are rows with id, type, customer_id, time, data.
    """
    decisions: dict[int, list[Decision]] = {trigger.id: [] for trigger in triggers}
    _end(db, rules, triggers, decisions, now)
    drafts = _start(db, rules, triggers, decisions, plan, now=now)
    for trigger in triggers:
        if not decisions[trigger.id]:
            ends = sorted({rule.definition.journey for rule, _ in rules.ending.get(trigger.type, ())})
            reason = "nothing-to-end" if ends else "no-journey"
            decisions[trigger.id].append(Decision(at=now, verdict="nothing", reason=reason, facts={"journeys": ends}))
    rows(db, _DONE, {"ids": list(decisions), "decisions": as_json(decisions.values())})
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
    _remember(db, rules, triggers)


def _keys(rule: Rule, trigger: Any) -> set[str]:
    ends = [end for end in rule.definition.ends_on if end.trigger == trigger.type]
    return {f"{trigger.type}|{value_at(trigger.data, end.about)}" for end in ends}


def _remember(db: Session, rules: Rules, triggers: Sequence[Any]) -> None:
    ended = {
        (rule.definition.journey, trigger.customer_id, f"{trigger.type}|{value_at(trigger.data, end.about)}"): trigger
        for trigger in triggers
        for rule, end in rules.ending.get(trigger.type, ())
    }
    if ended:
        places = sorted(ended)  # one order for everybody
        journeys, customers, keys = zip(*places, strict=True)
        causes = [ended[place] for place in places]
        values = {"journeys": list(journeys), "customers": list(customers), "keys": list(keys)}
        since = {"times": [cause.time for cause in causes], "triggers": [cause.id for cause in causes]}
        rows(db, _REMEMBER, {**values, **since})


def _start(
    db: Session, rules: Rules, triggers: Sequence[Any], decisions: dict[int, list[Decision]], plan: Plan, *,
    now: datetime,
) -> list[Draft]:  # fmt: skip
    candidates = [one for trigger in triggers for one in _candidates(rules, trigger, decisions[trigger.id], now)]
    if not candidates:
        return []
    last, ended = _last(db, candidates), _ended(db, candidates)
    opening: list[tuple[Candidate, int]] = []
    for place, one in enumerate(candidates):
        facts = {"journey": one.rule.definition.journey, "incident": one.incident}
        reason, generation = _verdict(one, last.get(place), ended, now)
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


def _verdict(one: Candidate, last: Any, ended: dict[tuple[str, str, str], datetime], now: datetime) -> tuple[str, int]:
    read = one.rule.definition
    ends = [ended.get((read.journey, one.trigger.customer_id, key)) for key in one.keys]
    if any(end is not None and end >= one.trigger.time for end in ends):
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


def _ended(db: Session, candidates: list[Candidate]) -> dict[tuple[str, str, str], datetime]:
    asked = [(one.rule.definition.journey, one.trigger.customer_id, key) for one in candidates for key in one.keys]
    if not asked:
        return {}
    journeys, customers, keys = (list(column) for column in zip(*asked, strict=True))
    found = rows(db, _ENDED, {"journeys": journeys, "customers": customers, "keys": keys})
    return {(row.journey, row.customer_id, row.key): row.time for row in found}


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
