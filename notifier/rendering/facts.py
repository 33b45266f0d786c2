"""What a template may speak of: the person, the trigger's data, the brand and the links of this one message."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct

from notifier.providers.contract import Channel

HIGHEST_SCORE = 10


class Brand(Struct, frozen=True, kw_only=True):
    """Who is writing."""

    name: str
    address: str = ""
    """Postal address; empty: not shown."""
    support_email: str = ""


class Links(Struct, frozen=True, kw_only=True):
    """Where the links of one message lead: pages anybody holding the message may open, signed in by its token."""

    public_url: str
    """Without a trailing slash, `https://aurora.example`."""
    token: str

    def named(self, *, with_scores: bool) -> dict[str, Any]:
        """
        Return the links as templates know them: `links.pay`.

        `view` is the message in the browser, `subscription` where one is changed, canceled or kept after all, `answer`
        the survey's question; with scores also `links.survey[9]`, which answers it.
        """
        view = f"{self.public_url}/m/{self.token}"
        named: dict[str, Any] = {
            "view": view,
            "pay": f"{view}/pay",
            "preferences": f"{view}/preferences",
            "unsubscribe": f"{view}/unsubscribe",
            "subscription": f"{view}/subscription",
            "answer": f"{view}/survey",
        }
        if with_scores:
            named["survey"] = [f"{view}/survey?score={score}" for score in range(HIGHEST_SCORE + 1)]
        return named


class Facts(Struct, frozen=True, kw_only=True):
    """Everything one message is made from."""

    message_id: UUID
    template: str
    channel: Channel
    locale: str
    country: str = ""
    timezone: str = "UTC"
    customer_id: str
    customer_name: str = ""
    data: Mapping[str, Any]
    """The trigger's data as stored: JSON values, dates as ISO text."""
    brand: Brand
    links: Links
