"""Twilio's error codes in our words: one table for SMS and WhatsApp, for answers and for reports."""

from notifier.providers.contract import NotSent, Outcome, Reason, Refused

_CODES: dict[Reason, tuple[int, ...]] = {
    "bad-address": (21211, 21217, 21219, 21265, 21401, 21407, 21421, 21612, 21614, 30005, 30006, 63003, 63024),
    "opted-out": (21610, 63014, 63033),
    "unreachable": (30003, 30008, 30017, 30410, 63009, 63010, 63012),
    "pacing": (20429, 21611, 30001, 30022, 30023, 30027, 63017, 63018),
    "expired": (30036,),
    "blocked": (30004, 30007, 30450, 63013, 63026, 63032, 63049),
    "content": (21602, 21605, 21617, 21619, 21654, 21655, 21656, 63005, 63021, 63027, 63028, 63040, 63041, 63042),
    "window": (63016,),
    "account": (
        20003, 20005, 20404, 21408, 21603, 21606, 21608, 21612, 21659, 21660, 21703, 21704, 21705, 30002, 30032, 30034,
        63007, 63038,
    ),
}  # fmt: skip
REASONS: dict[int, Reason] = {code: reason for reason, codes in reversed(_CODES.items()) for code in codes}

PERMANENT = frozenset(
    {21211, 21217, 21219, 21265, 21401, 21407, 21421, 21614, 30005, 63003, 63024, 21610, 63014, 63033}
)
"""No other attempt with this address can succeed."""

SENDER_WIDE = frozenset({20003, 20005, 20404, 21603, 21606, 21608, 21659, 21660, 21703, 21704, 21705, 63007, 63038})
"""Nothing this sender tries can succeed until a person has looked; no message is given up for it."""

_NEVER_PROCESSED = frozenset({20429, 21611, 63017, 63018})

ACCOUNT_WAIT = 60.0
"""Seconds before a sender that is out of order is tried again."""


def reason(code: int | None) -> Reason:
    """Return why, for a report; a code we do not know is `other`."""
    return REASONS.get(code, "other") if code else ""


def refusal(status: int, code: int | None, detail: str, *, retry_after: float | None) -> Outcome:
    """Return the outcome of a 4xx answer; a code we do not know is classed by its HTTP status."""
    if status == 429 or code in _NEVER_PROCESSED:
        return NotSent(retry_after=retry_after, reason="pacing", detail=detail)
    if code in SENDER_WIDE or (status in {401, 403} and code not in REASONS):
        return NotSent(retry_after=retry_after or ACCOUNT_WAIT, reason="account", detail=detail)
    return Refused(reason=REASONS.get(code or 0, "other"), permanent=code in PERMANENT, detail=detail)
