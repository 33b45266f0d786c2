"""Whether what was planned is still true, asked right before a message is sent; pure."""

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from notifier.planning.hours import decent
from notifier.planning.verdict import Facts, against

#: An urgent pending trigger is handled within moments; until then its customer's messages wait.
MOMENT = timedelta(seconds=1)


class Standing(Struct, frozen=True, kw_only=True):
    """What is known now of a message that was planned."""

    run_state: str
    """`models.Run.state`; empty: it belongs to no run."""
    has_pending_trigger: bool = False
    facts: Facts
    """With the customer's *present* address on the channel."""


class Go(Struct, frozen=True):
    """Send it, to this address: the customer's present one."""

    address: str


class Postpone(Struct, frozen=True):
    """Not before `until` (business time)."""

    until: datetime
    reason: str


class Drop(Struct, frozen=True):
    """Never; `state` is what becomes of the message."""

    state: Literal["cancelled", "expired"]
    reason: str


def still_true(standing: Standing, now: datetime) -> Go | Postpone | Drop:
    """Decide; the first thing that speaks against it is the reason."""
    facts = standing.facts
    if standing.run_state == "ended":
        return Drop("cancelled", "ended-by-trigger")
    if now >= facts.expires_at:
        return Drop("expired", "expired")
    if refusal := against(facts):
        return Drop("cancelled", refusal)
    if standing.has_pending_trigger:
        return Postpone(now + MOMENT, "trigger-pending")
    hour = decent(now, topic=facts.topic, channel=facts.channel, zones=facts.zones, country=facts.country)
    if hour is None or hour.at >= facts.expires_at:
        return Drop("expired", "no-decent-hour-before-expiry")
    if hour.at > now:
        return Postpone(hour.at, "waits-for-decent-hour")
    return Go(facts.address)
