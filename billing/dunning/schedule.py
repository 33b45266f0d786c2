"""Decide what follows a declined charge: when to try again, and when to stop."""

from datetime import date, timedelta

import msgspec

#: Days from the first decline until the subscription is canceled for want of payment.
GRACE = timedelta(days=14)

#: Days after the first decline on which each kind of decline is tried again; the last falls on the end of the grace.
#: Far under the networks' ceilings (Visa 20 in 30 days, Mastercard Brazil a fee from the 8th). A card that is lost is
#: never retried (Visa category 1), an expired one needs new data first (category 3).
LADDERS: dict[str, tuple[int, ...]] = {
    "insufficient-funds": (3, 7, 14),
    "card-declined": (3, 7, 14),
    "try-again-later": (1, 3, 7, 14),
    "expired-card": (),
    "lost-card": (),
}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with an invoice whose charge was declined."""

    retry_on: date | None
    access_ends_on: date
    reason: str
    """Why it is, or is not, tried again."""


def after_decline(decline: str, *, first_declined_on: date, today: date) -> Verdict:
    """
    Return when to try again, in the customer's calendar.

    Counted from the first decline, so that an attempt made by the customer in between moves nothing. A kind of decline
    we do not know is not tried again: better to ask for another card than to hammer a dead one.
    """
    ends_on = first_declined_on + GRACE
    ladder = LADDERS.get(decline, ())
    if not ladder:
        return Verdict(retry_on=None, access_ends_on=ends_on, reason="needs-another-card")
    ahead = [day for step in ladder if (day := first_declined_on + timedelta(days=step)) > today]
    if not ahead:
        return Verdict(retry_on=None, access_ends_on=ends_on, reason="last-attempt-made")
    return Verdict(retry_on=ahead[0], access_ends_on=ends_on, reason="may-work-later")


def is_hard(decline: str | None) -> bool:
    """Say whether the same card cannot work again."""
    return decline is not None and not LADDERS.get(decline, ())
