"""The message in the browser, exactly as it was sent."""

from typing import Any

from litestar import Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from sqlalchemy.orm import Session

from notifier import clock
from notifier.api.parts import Parts
from notifier.messages.content import Kept, unpack
from notifier.messages.models import Content, Message
from notifier.portal.bubble import bubble
from notifier.portal.page import MESSAGE_POLICY, Asked, headers, page
from notifier.portal.subject import Subject, UnknownLink, resolve
from notifier.tracking.visit import visited


def handlers(parts: Parts) -> list[HTTPRouteHandler]:
    """Return `/m/{token}` and the frame inside it."""

    @route("/{token:str}", http_method=["GET", "HEAD"], sync_to_thread=True)
    def message(request: Asked, token: FromPath[str]) -> Response[str]:
        with parts.database.begin() as db:
            subject = resolve(db, parts.secret, token)
            kept = sent(db, subject)
            if request.method == "GET":
                visited(db, subject.message_id, page="message", now=clock.business_now(db))
            row = db.get_one(Message, subject.message_id)
            address, sent_at = row.address, row.sent_at
        words = bubble(kept.body, subject.channel) if kept else ""
        context: dict[str, Any] = {"kept": kept, "words": words, "address": address, "sent_at": sent_at}
        return page(parts, "message.html", subject, token=token, **context)

    @route("/{token:str}/content", http_method=["GET", "HEAD"], sync_to_thread=True)
    def content(token: FromPath[str]) -> Response[str]:
        with parts.database.begin() as db:
            kept = sent(db, resolve(db, parts.secret, token))
        if kept is None or not kept.html:
            raise UnknownLink("This message has no such form.")
        return Response(opening_beside(kept.html), media_type="text/html", headers=headers(MESSAGE_POLICY))

    return [message, content]


def sent(db: Session, subject: Subject) -> Kept | None:
    """Return the words as sent, or None while nothing was (or when they have been erased)."""
    row = db.get(Content, subject.message_id)
    return unpack(db, row.encoding, row.body) if row else None


def opening_beside(html: str) -> str:
    """Let the message's links open in a tab of their own: the frame it is shown in goes nowhere."""
    head, tag, rest = html.partition("<head>")
    return f'{head}{tag}<base target="_blank">{rest}' if tag else f'<base target="_blank">{html}'
