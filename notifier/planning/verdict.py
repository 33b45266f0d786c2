"""Whether a message may be made, and when it may go: a function of what is known, with its reason."""

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
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
    planned = _planned(now, facts.topic, facts.channel, tuple(facts.zones), facts.country)
    if planned is None:
        return Skipped(reason="no-decent-hour", facts=_place(facts.zones, facts.country))
    if planned.due_at >= facts.expires_at:
        late = {**_place(facts.zones, facts.country), "until": planned.due_at.isoformat()}
        return Skipped(reason="no-decent-hour-before-expiry", facts=late)
    return planned


@lru_cache(maxsize=1000)  # a set is planned at one instant, for people of few zones
def _planned(now: datetime, topic: str, channel: str, zones: tuple[str, ...], country: str) -> Planned | None:
    hour = decent(now, topic=topic, channel=channel, zones=zones, country=country)
    if hour is None:
        return None
    if hour.rule is None:
        return Planned(due_at=hour.at, reason="may-go-now", facts={"channel": channel, "topic": topic})
    why = {**_place(zones, country), "until": hour.at.isoformat(), "source": hour.rule.source}
    return Planned(due_at=hour.at, reason="waits-for-decent-hour", facts=why)


def _place(zones: Collection[str], country: str) -> dict[str, Any]:
    return {"zones": sorted(zones)[:5], "country": country}


def against(facts: Facts) -> str:
    """Return what forbids the message whatever the hour; empty: nothing does."""
    if not facts.address:
        return "no-address"
    if facts.suppressed:
        return f"suppressed-{facts.suppressed}"
    if facts.is_invalid:
        return "bad-address"
    return "" if facts.is_allowed else "no-consent"
