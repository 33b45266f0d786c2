"""Make drafts of the effects of journeys: a planned message, or the reason why there is none."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from notifier.journeys.rules.definition import Channel
from notifier.journeys.steps import SendEffect
from notifier.messages.draft import Decision, Draft
from notifier.planning import facts
from notifier.planning.facts import Known
from notifier.planning.verdict import Facts, Planned, decide


def planning(
    db: Session, *, now: datetime, default_locale: str = "en"
) -> Callable[[Sequence[SendEffect]], list[Draft]]:
    """
    Return what plans the effects of one set, in one transaction: it asks about each customer once.

    It returns one draft per effect and channel. A customer whose locale is unknown is written to in `default_locale`;
    an unknown zone stays empty.
    """
    known: dict[str, Known] = {}

    def plan(effects: Sequence[SendEffect]) -> list[Draft]:
        known.update(facts.load(db, {effect.run.customer_id for effect in effects}.difference(known)))
        return [
            _draft(effect, channel, known[effect.run.customer_id], now, default_locale)
            for effect in effects
            for channel in effect.effect.channels
        ]

    return plan


def _draft(one: SendEffect, channel: Channel, customer: Known, now: datetime, default_locale: str) -> Draft:
    run, definition, effect = one.run, one.definition, one.effect
    point = customer.point(channel)
    verdict = decide(
        Facts(
            topic=definition.topic,
            channel=channel,
            address=point.address,
            is_invalid=point.is_invalid,
            suppressed=point.suppressed,
            is_allowed=customer.allowed[definition.topic, channel],
            zones=customer.zones(),
            country=customer.country,
            expires_at=effect.expires_at,
        ),
        now,
    )
    state: Literal["planned", "skipped"] = "planned" if isinstance(verdict, Planned) else "skipped"
    # By position, in the order of `Draft`: so many names cost as much as all the rest.
    return Draft(
        run.customer_id,
        run.trigger_id,
        run.id,
        run.journey,
        run.version,
        run.incident,
        run.generation,
        effect.step,
        channel,
        point.address,
        definition.topic,
        definition.priority,
        definition.step(effect.step).template,
        customer.locale or default_locale,
        customer.timezone,
        customer.country,
        state,
        verdict.due_at if isinstance(verdict, Planned) else now,
        effect.expires_at,
        now,
        [Decision(at=now, verdict=state, reason=verdict.reason, facts=verdict.facts)],
        "" if isinstance(verdict, Planned) else verdict.reason,
        customer.name,
    )
