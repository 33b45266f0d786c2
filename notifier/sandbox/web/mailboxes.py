"""A mailbox as its owner sees it: the list, the mail as it was made, the way out, and an answer box."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from litestar import Response, Router, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from notifier.errors import Invalid, Missing
from notifier.sandbox.deliveries import Call
from notifier.sandbox.records import Message
from notifier.sandbox.sendgrid import events
from notifier.sandbox.stage import Stage
from notifier.sandbox.web.answers import Answer, answer
from notifier.sandbox.web.letter import CONTENT_POLICY, framed, links
from notifier.sandbox.web.people import Language
from notifier.sandbox.web.phones import Form
from notifier.sandbox.web.render import HEADERS, page

SHOWN = 100
_HTTPS = re.compile(r"<\s*(https?://[^>\s]+)\s*>")


def mailboxes(stage: Stage) -> Router:
    """Build the pages below `/mailboxes`."""

    def mailbox(address: str, language: str, *, key: str = "", view: str = "html", **more: Any) -> Response[str]:
        mail = _mail(stage, address, key) if key else None
        if mail:
            events.open_mail(stage, mail)
        thread = stage.store.thread(address, "email")[-SHOWN:][::-1]
        shown = "text" if mail and not mail.html else view
        leaves = bool(mail and (leave_url(mail) or mail.tracks_clicks)) and not (mail and mail.is_inbound)
        context = {"problem": None, "status": 200, **more}
        return page(
            "mailbox", language, address=address, mails=thread, mail=mail, view=shown, may_leave=leaves, **context
        )

    @get("/{address:str}")
    async def index(address: FromPath[str], language: Language = "en") -> Response[str]:
        return mailbox(address, language)

    @get("/{address:str}/{key:str}")
    async def show(
        address: FromPath[str], key: FromPath[str], language: Language = "en", view: FromQuery[str] = "html"
    ) -> Response[str]:
        return mailbox(address, language, key=key, view=view)

    @get("/{address:str}/{key:str}/content")
    async def content(address: FromPath[str], key: FromPath[str]) -> Response[str]:
        mail = _mail(stage, address, key)
        headers = {**HEADERS, "Content-Security-Policy": CONTENT_POLICY}
        return Response(framed(mail, _path(mail)), media_type="text/html", headers=headers)

    @get("/{address:str}/{key:str}/links/{number:int}")
    async def follow(address: FromPath[str], key: FromPath[str], number: FromPath[int]) -> Redirect:
        mail = _mail(stage, address, key)
        found = links(mail.html)
        if not 0 <= number < len(found):
            raise Missing("The mail has no such link.")
        events.click(stage, mail, found[number])
        return Redirect(found[number], status_code=302)

    return Router(path="/mailboxes", route_handlers=[index, show, content, follow, *_actions(stage, mailbox)])


def _actions(stage: Stage, mailbox: Callable[..., Response[str]]) -> list[HTTPRouteHandler]:
    @post("/{address:str}/{key:str}/answers", status_code=200)
    async def write(
        address: FromPath[str], key: FromPath[str], data: Form, language: Language = "en"
    ) -> Response[str] | Redirect:
        mail = _mail(stage, address, key)
        text = str(data.get("text", ""))
        try:
            answer(stage, Answer(channel="email", person=address, text=text, in_reply_to=mail.key, quote=True))
        except Invalid as problem:
            return mailbox(address, language, key=key, problem=problem, status=422)
        return Redirect(f"/mailboxes/{quote(address)}", status_code=303)

    @post("/{address:str}/{key:str}/unsubscribe", status_code=200)
    async def leave(address: FromPath[str], key: FromPath[str]) -> Redirect:
        mail = _mail(stage, address, key)
        stage.store.change(mail, is_unsubscribed=True)
        if url := leave_url(mail):
            headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Sandbox mailbox"}
            stage.deliveries.post(url, lambda: Call(url, headers, b"List-Unsubscribe=One-Click"))
        else:
            events.unsubscribe(stage, mail)
        return Redirect(_path(mail), status_code=303)

    @post("/{address:str}/{key:str}/spam", status_code=200)
    async def complain(address: FromPath[str], key: FromPath[str]) -> Redirect:
        mail = _mail(stage, address, key)
        stage.store.change(mail, status="spam")
        events.complain(stage, mail)
        return Redirect(_path(mail), status_code=303)

    return [write, leave, complain]


def leave_url(mail: Message) -> str:
    """Return where a one-click goodbye is posted (RFC 8058), or "" when the sender offers none."""
    headers = {name.lower(): value for name, value in mail.headers.items()}
    found = _HTTPS.search(headers.get("list-unsubscribe", ""))
    is_one_click = "one-click" in headers.get("list-unsubscribe-post", "").lower()
    return found[1] if found and is_one_click else ""


def _mail(stage: Stage, address: str, key: str) -> Message:
    mail = stage.store.messages.get(key)
    if mail is None or mail.person != address or mail.channel != "email":
        raise Missing("This mail is no longer here.")
    return mail


def _path(mail: Message) -> str:
    return f"/mailboxes/{quote(mail.person)}/{mail.key}"
