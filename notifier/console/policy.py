"""What browsers are told a page may do: nothing, save what is listed here."""

from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.concurrency import sync_to_thread
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

Refusal = Callable[[Request[Any, Any, Any], Exception], Response[Any]]

PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
#: Of a message shown in a frame: words, pictures and its own inline style; no scripts, no forms, no links out.
#: `frame-ancestors 'self'` lets our own pages frame it.
MESSAGE = (
    "sandbox; default-src 'none'; img-src https: data:; style-src 'unsafe-inline'; "
    "form-action 'none'; frame-ancestors 'self'; base-uri 'none'"
)

_ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def enforced(app: ASGIApp) -> ASGIApp:
    """Wrap an app so that every answer, errors and redirects too, carries the policy unless it has one of its own."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                headers.setdefault("content-security-policy", PAGES)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, sending)

    return wrapped


def refusing(refusal: Refusal) -> Callable[[ASGIApp], ASGIApp]:
    """Make the wrapper that shows a page when a form's token is refused, which happens before any handler is asked."""

    def around(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            except HTTPException as error:
                request: Request[Any, Any, Any] = Request(scope, receive, send)
                response = await sync_to_thread(refusal, request, error)
                await response.to_asgi_response(None, request)(scope, receive, send)

        return wrapped

    return around
