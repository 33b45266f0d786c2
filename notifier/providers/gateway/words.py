"""What a gateway's statuses and codes mean, in the words its configuration uses: `refused:bad-address`."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from notifier.providers.contract import Accepted, EventKind, NotSent, Outcome, Reason, Refused, Unknown
from notifier.providers.gateway import shape
from notifier.providers.transport import Answer, shortened

ACCOUNT_WAIT = 60.0
"""Seconds before an account that is out of order is tried again."""
OUTCOMES = ("accepted", "refused", "unsent", "unknown")
_PERMANENT = {"bad-address", "opted-out", "suppressed"}
_BY_STATUS = {
    401: "unsent:account",
    403: "unsent:account",
    404: "unsent:account",
    405: "unsent:account",
    408: "unknown",
    429: "unsent:pacing",
}


class AnswerShape(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the answer to a call is read; paths are dotted. A code that is listed goes before the HTTP status."""

    id: str = ""
    """Where the gateway's id of the message stands; once this is set, an answer without one proves nothing."""
    code: str = ""
    """Where its own code stands."""
    codes: dict[str, str] = {}
    statuses: dict[str, str] = {}
    """By HTTP status: `202`."""

    def __post_init__(self) -> None:
        if self.codes and not self.code:
            raise ValueError("codes are listed, but `code` does not say where one stands")
        for table in (self.codes, self.statuses):
            for said, means in table.items():
                _check(said, means, OUTCOMES)


class CallbackShape(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a gateway's status reports are verified and read; paths are dotted."""

    header: str
    """Has the HMAC of the body, made with `secret`."""
    secret: str
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    """Stands before it in the header: `sha256=`."""
    events: str = ""
    """Where the list of reports stands; unset: the whole body is one, or a list of them."""
    id: str = ""
    """In a report: the gateway's id of the message …"""
    attempt: str = ""
    """… or ours, where it sends `{attempt}` back; neither is needed when it calls `{callback_url}`."""
    status: str
    event_id: str = ""
    statuses: dict[str, str]

    def __post_init__(self) -> None:
        if not self.secret:
            raise ValueError("`secret` is empty: nobody could be believed")
        for said, means in self.statuses.items():
            _check(said, means, get_args(EventKind))


def outcome(answer: Answer, how: AnswerShape) -> Outcome:
    """Return what an answer means. A code nobody listed is classed by the HTTP status, and never taken for a yes."""
    try:
        said = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = None
    code = shape.word(shape.at(said, how.code)) if how.code else ""
    means = meaning(how.codes, code) or how.statuses.get(str(answer.status)) or _by_status(answer.status, how)
    kind, reason = split(means)
    detail = shortened(f"HTTP {answer.status}{f', code {code}' if code else ''}")
    if kind == "accepted":
        ref = shape.word(shape.at(said, how.id)) if how.id else ""
        return Accepted(ref=ref) if ref or not how.id else Unknown(detail=f"{detail}: no id in the answer")
    if kind == "refused":
        return Refused(reason=reason or "other", permanent=reason in _PERMANENT, detail=detail)
    if kind == "unsent":
        wait = answer.retry_after() or (ACCOUNT_WAIT if reason == "account" else None)
        return NotSent(retry_after=wait, reason=reason or "unreachable", detail=detail)
    return Unknown(detail=detail)


def meaning(table: Mapping[str, str], said: str) -> str:
    """Return what a table says of a word, whatever its case; empty when it says nothing."""
    return table.get(said) or next((means for one, means in table.items() if one.lower() == said.lower()), "")


def split(means: str) -> tuple[Any, Any]:
    """Return the kind and the reason of `kind:reason`; both were checked when the configuration was read."""
    kind, _, reason = means.partition(":")
    return kind, reason


def _by_status(status: int, how: AnswerShape) -> str:
    if 200 <= status < 300:
        return "unknown" if how.codes else "accepted"
    return _BY_STATUS.get(status) or ("refused" if 400 <= status < 500 else "unknown")


def _check(said: str, means: str, kinds: tuple[str, ...]) -> None:
    kind, _, reason = means.partition(":")
    if kind not in kinds:
        raise ValueError(f"{said!r} means {means!r}; it must be one of {', '.join(kinds)}")
    if reason not in get_args(Reason):
        raise ValueError(f"{said!r} means {means!r}; a reason is one of {', '.join(filter(None, get_args(Reason)))}")
