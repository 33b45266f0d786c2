"""The litestar app of the pages and the JSON, and what surrounds them: errors, static files, health."""

import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import FromPath
from litestar.types import ASGIApp

from notifier import assets
from notifier.errors import Invalid, Refused
from notifier.sandbox.sendgrid import events
from notifier.sandbox.sendgrid.routes import SendGridDoor
from notifier.sandbox.stage import Stage
from notifier.sandbox.twilio import status
from notifier.sandbox.web.api import api
from notifier.sandbox.web.mailboxes import mailboxes
from notifier.sandbox.web.people import people
from notifier.sandbox.web.phones import phones
from notifier.sandbox.web.render import HEADERS, page

LARGEST_FORM = 1024 * 1024
_UNFINISHED = frozenset({"queued", "accepted", "sending", "processed", "deferred"})


def site(stage: Stage) -> ASGIApp:
    """Build everything that is not a vendor's door; its lifespan is the sandbox's."""

    @get("/healthz")
    async def health() -> dict[str, Any]:
        counts = msgspec.to_builtins(stage.deliveries.counts)
        return {
            "status": "ok",
            "messages": len(stage.store.messages),
            "callbacks": {**counts, "waiting": stage.deliveries.waiting},
            "sendgrid_public_key": SendGridDoor(stage).public_key(),
        }

    @get("/static/{path:path}")
    async def static(path: FromPath[str]) -> Response[bytes]:
        asset = assets.served(path.lstrip("/"))
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return Response(asset.body, media_type=asset.media_type, headers=headers)

    @contextlib.asynccontextmanager
    async def open_stage(_: Litestar) -> AsyncIterator[None]:
        async with stage.open():
            _resume(stage)
            yield

    return Litestar(
        route_handlers=[people(stage), phones(stage), mailboxes(stage), api(stage), health, static],
        lifespan=[open_stage],
        before_request=_only_from_here,
        exception_handlers={Refused: _refused, HTTPException: _not_served},
        request_max_body_size=LARGEST_FORM,
        openapi_config=None,
    )


def _resume(stage: Stage) -> None:
    """Bring on their way what an earlier process took and did not finish."""
    for message in list(stage.store.messages.values()):
        if not message.is_inbound and message.status in _UNFINISHED:
            start = events.start if message.channel == "email" else status.start
            start(stage, message, stage.ending(message.channel, message.person))


async def _only_from_here(request: Request[Any, Any, Any]) -> None:
    """Refuse what another site's page makes a browser do; the sandbox has no sign-in that could tell."""
    if request.method not in {"GET", "HEAD"} and request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
        raise HTTPException(status_code=403, detail="Another site asked for this.")


def _refused(request: Request[Any, Any, Any], error: Refused) -> Response[Any]:
    fields = error.fields if isinstance(error, Invalid) else {}
    return _problem(request, error.status, str(error), fields)


def _not_served(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    fields = {}
    if isinstance(error.extra, list):
        fields = {str(one.get("key", "")): str(one.get("message", "")) for one in error.extra if isinstance(one, dict)}
    code = 422 if isinstance(error, ValidationException) else error.status_code
    return _problem(request, code, error.detail, fields)


def _problem(request: Request[Any, Any, Any], code: int, detail: str, fields: dict[str, str]) -> Response[Any]:
    if request.url.path.startswith("/api") or "text/html" not in request.headers.get("accept", ""):
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(code).phrase,
            "status": code,
            "detail": detail,
        }
        if fields:
            body["errors"] = [{"field": field, "detail": remedy} for field, remedy in fields.items()]
        return Response(body, status_code=code, media_type="application/problem+json", headers=HEADERS)
    return page("missing", request.headers.get("accept-language", ""), status=code, code=code)
