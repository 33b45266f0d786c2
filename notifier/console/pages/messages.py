"""One message: as the person saw it, and why it was sent or not."""

from typing import Any
from uuid import UUID

from litestar import Response
from litestar.params import FromPath
from msgspec import Struct

from notifier.console import policy, previews
from notifier.console.parts import Asked
from notifier.console.render import get, page
from notifier.errors import Missing
from notifier.history.explain import Explained, explain


class NothingToShow(Missing):
    """The message has no HTML: it is no email, or was never rendered."""


class MessagePage(Struct, frozen=True, kw_only=True):
    """A message with all that belongs to it."""

    told: Explained
    segments: int
    zone: str


@get("/messages/{message_id:uuid}", name="console.message")
def message(desk: Asked, message_id: FromPath[UUID]) -> Response[str]:
    """Show a message; times are the customer's."""
    with desk.parts.database.begin() as db:
        told = explain(db, message_id)
        zone = told.message.timezone or desk.zone
        shown = MessagePage(told=told, segments=previews.segments(told.message.channel, told.kept), zone=zone)
        return page(desk, db, "messages/show.html", shown, zone=zone)


@get("/messages/{message_id:uuid}/html", name="console.message_html")
def message_html(desk: Asked, message_id: FromPath[UUID]) -> Response[str]:
    """Give the email's exact HTML, for the frame on its page: it may run nothing and reach nothing."""
    with desk.parts.database.begin() as db:
        kept = explain(db, message_id).kept
    if kept is None or not kept.html:
        raise NothingToShow("This message has no HTML.")
    headers = {"content-security-policy": policy.MESSAGE, "cache-control": "no-store"}
    return Response(kept.html, media_type="text/html", headers=headers)


HANDLERS: list[Any] = [message, message_html]
