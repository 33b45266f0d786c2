"""
What becomes of a text once the vendor has taken it: the recipient decides.

`PUT /api/recipients/{address}` sets an address's outcome. Without that, some addresses have one by themselves:

    numbers ending   0404 undelivered (unknown handset)      emails   bounce@…     …+bounce@…      bounced for good
                     0403 undelivered (unreachable)                   blocked@…    …+blocked@…     refused for now
                     0407 undelivered (filtered)                      dropped@…    …+dropped@…     dropped by SendGrid
                     0500 failed                                      complaint@…  …+complaint@…   delivered, then spam
                     0202 sent, and never heard of again              deferred@…   …+deferred@…    delivered a bit later
                     0400 refused: no such number                     silent@…     …+silent@…      taken, never heard of
                     0410 refused: opted out                          invalid@…    …+invalid@…     refused: no address
                     0630 delivered by SMS, not on WhatsApp
"""

from typing import Literal, get_args

from msgspec import Struct

from notifier.sandbox.records import Channel

Outcome = Literal[
    "delivered",
    "undelivered",
    "failed",
    "sent-only",
    "bounce",
    "blocked",
    "deferred",
    "dropped",
    "complaint",
    "invalid",
    "opted-out",
    "sms-only",
]
OUTCOMES: tuple[str, ...] = get_args(Outcome)


class Ending(Struct, frozen=True):
    """An outcome, and the vendor's error code where there is a choice of them."""

    outcome: Outcome
    error_code: int | None = None


DELIVERED = Ending("delivered")

_NUMBERS = {
    "0404": Ending("undelivered", 30005),
    "0403": Ending("undelivered", 30003),
    "0407": Ending("undelivered", 30007),
    "0500": Ending("failed", 30008),
    "0202": Ending("sent-only"),
    "0400": Ending("invalid"),
    "0410": Ending("opted-out"),
    "0630": Ending("sms-only"),
}
_MAILBOXES = {
    "bounce": Ending("bounce"),
    "blocked": Ending("blocked"),
    "dropped": Ending("dropped"),
    "complaint": Ending("complaint"),
    "deferred": Ending("deferred"),
    "silent": Ending("sent-only"),
    "invalid": Ending("invalid"),
}
_ON_WHATSAPP = {30005: 63024, 30003: 63024, 30007: 63013, 30008: 63012}


def ending(channel: Channel, address: str, chosen: dict[str, tuple[Outcome, int | None]]) -> Ending:
    """Decide how a message to `address` ends; `chosen` holds what was set by hand."""
    if address in chosen:
        found = Ending(*chosen[address])
    elif channel == "email":
        local = address.partition("@")[0]
        found = _MAILBOXES.get(local.rpartition("+")[2].lower(), DELIVERED)
    else:
        found = _NUMBERS.get(address[-4:], DELIVERED)
    return found if channel == "email" else _by_phone(channel, found)


def _by_phone(channel: Channel, found: Ending) -> Ending:
    outcome, code = found.outcome, found.error_code
    if outcome == "sms-only":
        return Ending("failed", 63024) if channel == "whatsapp" else DELIVERED
    if outcome in {"bounce", "blocked", "undelivered"}:
        outcome, code = "undelivered", code or 30005
    elif outcome in {"dropped", "failed"}:
        outcome, code = "failed", code or 30008
    elif outcome in {"complaint", "deferred", "delivered"}:
        return DELIVERED
    if channel == "whatsapp" and code is not None:
        code = _ON_WHATSAPP.get(code, code)
    return Ending(outcome, code)
