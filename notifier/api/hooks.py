"""The doors for providers: verify, keep raw in a commit shared with other callers, answer; applying comes later."""

import hmac
from typing import Literal
from urllib.parse import urlsplit

from litestar import Request, Response, Router, post
from litestar.datastructures import State
from litestar.params import FromPath, RawBody
from litestar.status_codes import HTTP_200_OK
from prometheus_client import Counter

from notifier.api.parts import Parts
from notifier.api.problems import HANDLERS
from notifier.errors import Missing
from notifier.messages.token import read_attempt
from notifier.providers.contract import ForgedHook, Hook, Provider
from notifier.together import Together
from notifier.tracking.keep import ATTEMPT, Verified, keep

Asked = Request[None, None, State]

FORGED = Counter("notifier_hooks_forged_total", "Callbacks refused for want of a valid signature.", ["provider"])
KEPT = Counter("notifier_hooks_kept_total", "Callbacks verified and kept.", ["provider", "kind"])

_STATUS_BODY = 256 * 1024
_EVENTS_BODY = 5 * 1024 * 1024
_EMAIL_BODY = 31 * 1024 * 1024
"""SendGrid takes emails of 30 MB."""

#: What is needed to read a body again, or to prove what was verified.
_KEPT_HEADERS = (
    "content-type",
    "x-twilio-signature",
    "x-twilio-email-event-webhook-signature",
    "x-twilio-email-event-webhook-timestamp",
    "i-twilio-idempotency-token",
)


def router(parts: Parts) -> Router:
    """Return the routes under `/hooks`."""
    append = Together[Verified, None](lambda hooks: _append(parts, hooks))

    async def take(provider: str, kind: Literal["status", "inbound"], hook: Hook) -> None:
        kept = {name: value for name, value in hook.headers.items() if name in _KEPT_HEADERS or name == ATTEMPT}
        await append(Verified(provider=provider, kind=kind, hook=Hook(url=hook.url, headers=kept, body=hook.body)))
        KEPT.labels(provider, kind).inc()

    @post("/{name:str}/status/{token:str}", status_code=HTTP_200_OK, request_max_body_size=_STATUS_BODY)
    async def status(request: Asked, name: FromPath[str], token: FromPath[str], body: RawBody) -> Response[None]:
        provider = known(parts, name)
        attempt = read_attempt(parts.secret, token)
        if attempt is None:
            FORGED.labels(name).inc()
            raise ForgedHook("This callback address was not made here.")
        hook = received(parts, request, body)
        verify(provider, hook)
        named = Hook(url=hook.url, headers={**hook.headers, ATTEMPT: str(attempt)}, body=body)
        await take(name, "status", named)
        return Response(None)

    @post("/{name:str}/inbound", status_code=HTTP_200_OK, request_max_body_size=_STATUS_BODY)
    async def inbound(request: Asked, name: FromPath[str], body: RawBody) -> Response[bytes]:
        provider, hook = known(parts, name), received(parts, request, body)
        verify(provider, hook)
        await take(name, "inbound", hook)
        # Anything but TwiML would be sent to the customer as an answer.
        return Response(b'<?xml version="1.0" encoding="UTF-8"?><Response/>', media_type="text/xml")

    @post("/{name:str}/events", status_code=HTTP_200_OK, request_max_body_size=_EVENTS_BODY)
    async def events(request: Asked, name: FromPath[str], body: RawBody) -> Response[None]:
        provider, hook = known(parts, name), received(parts, request, body)
        verify(provider, hook)
        await take(name, "status", hook)
        return Response(None)

    @post("/{name:str}/inbound/{secret:str}", status_code=HTTP_200_OK, request_max_body_size=_EMAIL_BODY)
    async def inbound_mail(request: Asked, name: FromPath[str], secret: FromPath[str], body: RawBody) -> Response[None]:
        known(parts, name)
        configured = parts.settings.sendgrid_inbound_secret
        # SendGrid's Inbound Parse is not signed: the secret in its address is all there is.
        if not configured or not hmac.compare_digest(configured.encode(), secret.encode()):
            FORGED.labels(name).inc()
            raise ForgedHook("This callback address was not made here.")
        hook = received(parts, request, body)
        await take(name, "inbound", Hook(url=hook.url.rpartition("/")[0], headers=hook.headers, body=body))
        return Response(None)

    return Router(
        "/hooks",
        route_handlers=[status, inbound, events, inbound_mail],
        exception_handlers=HANDLERS,
        include_in_schema=False,
    )


def received(parts: Parts, request: Asked, body: bytes) -> Hook:
    """Return the call with the URL the provider saw: our public one, whatever proxies have made of it since."""
    path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
    public = urlsplit(parts.settings.public_url.rstrip("/"))
    url = public._replace(path=public.path + path.partition("?")[0], query=query).geturl()
    # The attempt is named by the address alone: a header of that name would be the caller's word.
    said = {name.lower(): value for name, value in request.headers.items() if name.lower() != ATTEMPT}
    return Hook(url=url, headers=said, body=body)


def known(parts: Parts, name: str) -> Provider:
    """
    Return the provider whose door this is.

    Raises:
        Missing: none of that name is configured here. Not counted: anybody may knock with any name.
    """
    if name not in parts.providers:
        raise Missing(f"{name} is not configured here.")
    return parts.providers[name]


def verify(provider: Provider, hook: Hook) -> None:
    """
    Let a call through only when its signature is right.

    Raises:
        ForgedHook: it is not. Counted, and nothing is kept.
    """
    try:
        provider.verify(hook)
    except ForgedHook:
        FORGED.labels(provider.name).inc()
        raise


def _append(parts: Parts, hooks: list[Verified]) -> list[None]:
    with parts.database.begin() as db:
        keep(db, hooks)
    return [None] * len(hooks)
