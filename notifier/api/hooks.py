"""The doors for providers: verify, keep raw in a commit shared with other callers, answer; applying comes later."""

import hmac
from collections import Counter as Counted
from collections.abc import Awaitable
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar import Router, post
from litestar.exceptions import NotFoundException
from litestar.status_codes import HTTP_200_OK
from litestar.types import ASGIApp, Receive, Scope
from prometheus_client import Counter

from notifier.api.parts import Parts
from notifier.api.problems import HANDLERS, explain
from notifier.asgi import Answer, Door, read_body
from notifier.errors import Missing
from notifier.messages.token import read_attempt
from notifier.providers.contract import ATTEMPT, ForgedHook, Hook, Provider
from notifier.together import Together
from notifier.tracking.keep import Verified, keep

FORGED = Counter("notifier_hooks_forged_total", "Callbacks refused for want of a valid signature.", ["provider"])
KEPT = Counter("notifier_hooks_kept_total", "Callbacks verified and kept.", ["provider", "kind"])

_STATUS_BODY = 256 * 1024
_EVENTS_BODY = 5 * 1024 * 1024
_EMAIL_BODY = 31 * 1024 * 1024
"""SendGrid takes emails of 30 MB."""
_ENOUGH = 100
"""A commit of a hundred callbacks costs little more than one of ten, and no provider hurries."""

#: What is needed to read a body again, or to prove what was verified.
_KEPT_HEADERS = {
    "content-type",
    "x-twilio-signature",
    "x-twilio-email-event-webhook-signature",
    "x-twilio-email-event-webhook-timestamp",
    "i-twilio-idempotency-token",
}
_DONE = Answer(HTTP_200_OK)
#: Anything but TwiML would be sent to the customer as an answer.
_NO_ANSWER = Answer(HTTP_200_OK, b"text/xml; charset=utf-8", b'<?xml version="1.0" encoding="UTF-8"?><Response/>')


def door(parts: Parts) -> Door:
    """Return the doors of all providers, in plain ASGI."""
    public = urlsplit(parts.settings.public_url.rstrip("/"))._replace(query="", fragment="").geturl()
    append = Together[Verified, None](lambda hooks: _append(parts, hooks), weigh=_weight, enough=_ENOUGH)

    def keep_it(
        provider: str, kind: Literal["status", "inbound"], hook: Hook, attempt: UUID | None = None
    ) -> Awaitable[None]:
        kept = {name: value for name, value in hook.headers.items() if name in _KEPT_HEADERS}
        if attempt:
            kept[ATTEMPT] = msgspec.to_builtins(attempt)
        return append(Verified(provider=provider, kind=kind, hook=Hook(url=hook.url, headers=kept, body=hook.body)))

    async def take(scope: Scope, receive: Receive) -> Answer:
        match scope["path"].strip("/").split("/")[1:]:
            case [name, "status", token]:
                provider, attempt = known(parts, name), read_attempt(parts.secret, token)
                if attempt is None:
                    raise _forged(name)
                hook = verified(provider, await _received(public, scope, receive, most=_STATUS_BODY))
                await keep_it(name, "status", hook, attempt)
            case [name, "events"]:
                provider, hook = known(parts, name), await _received(public, scope, receive, most=_EVENTS_BODY)
                await keep_it(name, "status", verified(provider, hook))
            case [name, "inbound"]:
                provider, hook = known(parts, name), await _received(public, scope, receive, most=_STATUS_BODY)
                await keep_it(name, "inbound", verified(provider, hook))
                return _NO_ANSWER
            case [name, "inbound", secret]:
                known(parts, name)
                configured = parts.settings.sendgrid_inbound_secret
                # SendGrid's Inbound Parse is not signed: the secret in its address is all there is.
                if not configured or not hmac.compare_digest(configured.encode(), secret.encode()):
                    raise _forged(name)
                hook = await _received(public, scope, receive, most=_EMAIL_BODY)
                without = Hook(url=hook.url.rpartition("/")[0], headers=hook.headers, body=hook.body)
                await keep_it(name, "inbound", without)
            case _:
                raise NotFoundException
        return _DONE

    return Door(take, explain)


def router(busy: Door) -> Router:
    """Return the routes under `/hooks`, as the framework knows them."""
    addresses = ["/{name:str}/status/{token:str}", "/{name:str}/events", "/{name:str}/inbound"]

    @post([*addresses, "/{name:str}/inbound/{secret:str}"], status_code=HTTP_200_OK)
    async def hooks() -> ASGIApp:
        return busy

    return Router("/hooks", route_handlers=[hooks], exception_handlers=HANDLERS, include_in_schema=False)


async def _received(public: str, scope: Scope, receive: Receive, *, most: int) -> Hook:
    """Return the call with the URL the provider saw: our public one, whatever proxies have made of it since."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    body = await read_body(receive, announced=headers.get("content-length", ""), most=most)
    path, query = scope["raw_path"].decode("latin-1").partition("?")[0], scope["query_string"].decode("latin-1")
    # The attempt is named by the address alone: a header of that name would be the caller's word.
    headers.pop(ATTEMPT, None)
    return Hook(url=f"{public}{path}?{query}" if query else public + path, headers=headers, body=body)


def known(parts: Parts, name: str) -> Provider:
    """
    Return the provider whose door this is.

    Raises:
        Missing: none of that name is configured here. Not counted: anybody may knock with any name.
    """
    if name not in parts.providers:
        raise Missing(f"{name} is not configured here.")
    return parts.providers[name]


def verified(provider: Provider, hook: Hook) -> Hook:
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
    return hook


def _forged(name: str) -> ForgedHook:
    FORGED.labels(name).inc()
    return ForgedHook("This callback address was not made here.")


def _weight(given: Verified) -> int:
    """Mails of megabytes are not to wait for one another: a transaction takes a thousand calls, or some 4 MB."""
    return 1 + len(given.hook.body) // 4096


def _append(parts: Parts, hooks: list[Verified]) -> list[None]:
    with parts.database.begin() as db:
        keep(db, hooks)
    for (provider, kind), many in Counted((one.provider, one.kind) for one in hooks).items():
        KEPT.labels(provider, kind).inc(many)
    return [None] * len(hooks)
