"""Make drafts of the effects of journeys: a planned message, or the reason why there is none."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy.orm import Session

from notifier.journeys.rules.definition import Channel, Lane
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
        known.update(facts.load(db, {effect.customer_id for effect in effects}.difference(known)))
        return [
            _draft(effect, channel, known[effect.customer_id], now, default_locale)
            for effect in effects
            for channel in effect.channels
        ]

    return plan


def _draft(effect: SendEffect, channel: str, customer: Known, now: datetime, default_locale: str) -> Draft:
    point = customer.point(channel)
    verdict = decide(
        Facts(
            topic=effect.topic,
            channel=channel,
            address=point.address,
            is_invalid=point.is_invalid,
            suppressed=point.suppressed,
            is_allowed=customer.allowed[effect.topic, channel],
            zones=customer.zones(),
            country=customer.country,
            expires_at=effect.expires_at,
        ),
        now,
    )
    is_planned = isinstance(verdict, Planned)
    return Draft(
        customer_id=effect.customer_id,
        trigger_id=effect.trigger_id,
        run_id=effect.run_id,
        journey=effect.journey,
        journey_version=effect.version,
        incident=effect.incident,
        generation=effect.generation,
        step=effect.step,
        channel=cast("Channel", channel),
        address=point.address,
        topic=effect.topic,
        lane=cast("Lane", effect.lane),
        template=effect.template,
        locale=customer.locale or default_locale,
        timezone=customer.timezone,
        country=customer.country,
        state="planned" if is_planned else "skipped",
        reason="" if is_planned else verdict.reason,
        due_at=verdict.due_at if isinstance(verdict, Planned) else now,
        expires_at=effect.expires_at,
        created_at=now,
        decisions=[
            Decision(at=now, verdict="planned" if is_planned else "skipped", reason=verdict.reason, facts=verdict.facts)
        ],
    )
