"""Whether a message may be made, and when it may go: a function of what is known, with its reason."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from msgspec import Struct

from notifier.planning.hours import decent


class Facts(Struct, frozen=True, kw_only=True):
    """What is known of one message to be, on one channel."""

    topic: str
    channel: str
    address: str
    """Empty: there is none."""
    is_invalid: bool = False
    """A provider said that the address does not exist."""
    suppressed: str = ""
    """Why the address is suppressed; empty: it is not."""
    is_allowed: bool = True
    """The customer's consent for the topic on the channel."""
    zones: Collection[str]
    country: str
    expires_at: datetime


class Planned(Struct, frozen=True, kw_only=True):
    """It goes at `due_at`."""

    due_at: datetime
    reason: str
    facts: dict[str, Any]


class Skipped(Struct, frozen=True, kw_only=True):
    """It does not go."""

    reason: str
    facts: dict[str, Any]


def decide(facts: Facts, now: datetime) -> Planned | Skipped:
    """Decide on one message; the first thing that speaks against it is the reason."""
    if refusal := against(facts):
        return Skipped(reason=refusal, facts={"channel": facts.channel, "topic": facts.topic})
    if now >= facts.expires_at:
        return Skipped(reason="expired", facts={"expired_at": facts.expires_at.isoformat()})
    hour = decent(now, topic=facts.topic, channel=facts.channel, zones=facts.zones, country=facts.country)
    place: dict[str, Any] = {"zones": sorted(facts.zones)[:5], "country": facts.country}
    if hour is None:
        return Skipped(reason="no-decent-hour", facts=place)
    if hour.at >= facts.expires_at:
        return Skipped(reason="no-decent-hour-before-expiry", facts={**place, "until": hour.at.isoformat()})
    if hour.rule:
        why = {**place, "until": hour.at.isoformat(), "source": hour.rule.source}
        return Planned(due_at=hour.at, reason="waits-for-decent-hour", facts=why)
    return Planned(due_at=hour.at, reason="may-go-now", facts={"channel": facts.channel, "topic": facts.topic})


def against(facts: Facts) -> str:
    """Return what forbids the message whatever the hour; empty: nothing does."""
    if not facts.address:
        return "no-address"
    if facts.suppressed:
        return f"suppressed-{facts.suppressed}"
    if facts.is_invalid:
        return "bad-address"
    return "" if facts.is_allowed else "no-consent"
