"""What evidence, or the want of it, means for a call nobody answered; pure."""

from msgspec import Struct

from notifier.providers.contract import Found
from notifier.sending.retry import TRIES

SENT_AGAIN = frozenset({"billing", "service"})
"""Topics of which a second copy does less harm than none."""


class Asked(Struct, frozen=True, kw_only=True):
    """What the provider said when it was asked, if it can be and was."""

    was_answered: bool = False
    found: Found | None = None
    detail: str = ""


class Facts(Struct, frozen=True, kw_only=True):
    """What is known of an unknown attempt."""

    topic: str
    tries: int
    asked: Asked
    silence_means_unsent: bool
    """The provider can be asked, and what it does not list it does not have."""
    reports: bool
    """
    The provider reports by itself what it took. One that never can (a mail server, SendGrid without a webhook key)
    has no silence that could be proven alive: after the stated wait alone the topic's policy decides, rather than
    leave its calls unknown for good. `doctor` warns of the missing key.
    """
    heard_later: bool
    """It has reported attempts later than this one: the channel of its reports is alive."""
    is_over: bool
    """The stated wait has passed."""


class Verdict(Struct, frozen=True, kw_only=True):
    """What becomes of the message; `then` is None when the evidence itself says so."""

    verdict: str
    reason: str
    then: str | None = None


def judge(facts: Facts) -> Verdict | None:
    """Return the verdict, or None while there is none: it is asked again later."""
    if facts.asked.found:
        return Verdict(verdict="sent", reason="found-at-provider")
    if facts.silence_means_unsent:
        return _again("not-at-provider", facts) if facts.asked.was_answered else None
    if not facts.is_over or (facts.reports and not facts.heard_later):
        return None
    if facts.topic in SENT_AGAIN:
        return _again("no-evidence", facts)
    return Verdict(verdict="failed", reason="no-evidence", then="failed")


def _again(reason: str, facts: Facts) -> Verdict:
    if facts.tries >= TRIES:
        return Verdict(verdict="failed", reason="tries-used-up", then="failed")
    return Verdict(verdict="requeued", reason=reason, then="queued")
