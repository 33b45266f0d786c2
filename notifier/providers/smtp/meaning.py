"""What a mail server's codes say (RFC 5321, RFC 3463): in its answer to a call, and in the report it sends later."""

import re

from notifier.providers.contract import EventKind, NotSent, Outcome, Reason, Refused
from notifier.providers.transport import shortened

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_BASIC = re.compile(r"\b([245]\d\d)\b")
_WITHOUT_MAILBOX = frozenset({550, 551, 553})
#: The beginning of an enhanced code → why; the longest that fits counts.
_REASONS: dict[str, Reason] = {
    "5.1": "bad-address",
    "5.1.7": "account",  # the sender's address
    "5.1.8": "account",
    "5.2.1": "bad-address",  # a mailbox closed for good
    "5.2.2": "mailbox-full",
    "5.2.3": "content",  # too long
    "5.3.4": "content",
    "5.4": "unreachable",
    "5.4.4": "bad-address",  # no mail server for the domain
    "5.6": "content",
    "5.7": "blocked",
}
_ACTIONS: dict[str, EventKind] = {
    "failed": "bounced",
    "delayed": "deferred",
    "delivered": "delivered",
    "relayed": "sent",
    "expanded": "sent",
}
_FEEDBACK: dict[str, EventKind] = {"abuse": "complained", "fraud": "complained", "opt-out": "unsubscribed"}


def refusal(code: int, message: str) -> Outcome:
    """Return what a server's answer means: 4yz is for now, 5yz for good; the enhanced code says whose fault it is."""
    words = message.split()
    enhanced = words[0] if words and words[0].count(".") == 2 else ""
    detail = shortened(f"{code} {enhanced}".strip())
    if 400 <= code < 500:
        return NotSent(reason="account" if code in {421, 454} else "unreachable", detail=detail)
    reason = _reason(enhanced, code)
    return Refused(reason=reason, permanent=reason == "bad-address", detail=detail)


def delivery(action: str, status: str, diagnostic: str) -> tuple[EventKind, Reason]:
    """
    Return what the three fields of a delivery status (RFC 3464) mean.

    A word nobody knows proves only that the mail was taken: who reports of it has it.
    """
    kind = _ACTIONS.get(action.strip().lower(), "accepted")
    if kind != "bounced":
        return kind, ""
    code = _code(status, diagnostic)
    basic = _BASIC.search(diagnostic)
    if code.startswith("4"):
        return "undelivered", "unreachable"  # tried until its time was over; the address may be good
    return "bounced", _reason("" if code == "5.0.0" else code, int(basic[1]) if basic else 0)


def feedback(word: str) -> tuple[EventKind, Reason]:
    """Return what a Feedback-Type (RFC 5965) means; of those that are no complaint only that the mail was taken."""
    kind = _FEEDBACK.get(word.strip().lower(), "accepted")
    return kind, "spam" if kind == "complained" else ""


def _code(status: str, diagnostic: str) -> str:
    """Return the most telling enhanced code: that of the status, unless it says no more than the diagnostic's."""
    found = [match[0] for text in (status, diagnostic) if (match := _ENHANCED.search(text))]
    return next((code for code in found if not code.endswith(".0.0")), found[0] if found else "")


def _reason(enhanced: str, code: int) -> Reason:
    if not enhanced:
        return "bad-address" if code in _WITHOUT_MAILBOX else "other"
    fitting = [begin for begin in _REASONS if f"{enhanced}.".startswith(f"{begin}.")]
    return _REASONS[max(fitting, key=len)] if fitting else "other"
