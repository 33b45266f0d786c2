"""Whose page it is: what the composition root reads from the link, since billing does not know messages."""

from collections.abc import Callable

import msgspec
from sqlalchemy.orm import Session


class PayContext(msgspec.Struct, frozen=True, kw_only=True):
    """The customer a link was sent to, and what the message was about."""

    customer_id: str
    invoice_id: str | None = None
    """The invoice the message spoke of; it may not be issued yet."""
    subscription_id: str | None = None
    locale: str
    timezone: str = "UTC"
    """Used for a customer billing does not know."""
    country: str = ""


#: Returns None for a token that is none of ours.
Resolve = Callable[[Session, str], PayContext | None]
