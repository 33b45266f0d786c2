"""The sandbox as one ASGI app: the vendors' doors answered raw, for speed; pages and JSON for people by litestar."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from notifier.errors import Misconfigured
from notifier.sandbox.config import SandboxConfig, kept_key
from notifier.sandbox.faults import Vendor, strikes, wait
from notifier.sandbox.sendgrid.routes import SendGridDoor
from notifier.sandbox.stage import Stage
from notifier.sandbox.twilio.errors import error as twilio_error
from notifier.sandbox.twilio.routes import TwilioDoor
from notifier.sandbox.web.site import site
from notifier.sandbox.wire import Asked, Reply, answer, ask
from notifier.settings import Settings

LARGEST_TEXT = 256 * 1024
LARGEST_MAIL = 30 * 1024 * 1024


def create(config: SandboxConfig) -> ASGIApp:
    """Build the app; its lifespan runs the callbacks."""
    stage = Stage(config)
    pages = site(stage)
    twilio, sendgrid = TwilioDoor(stage), SendGridDoor(stage)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await pages(scope, receive, send)
            return
        path = scope["path"]
        if path.startswith(("/2010-04-01/", "/v1/")):
            asked = await ask(scope, receive, limit=LARGEST_TEXT)
            given = await _serve(stage, "twilio", twilio, asked) if asked else twilio_error(20001)
        elif path.startswith("/v3/"):
            asked = await ask(scope, receive, limit=LARGEST_MAIL)
            given = await _serve(stage, "sendgrid", sendgrid, asked) if asked else sendgrid.too_large()
        else:
            await pages(scope, receive, send)
            return
        await answer(send, given)

    return app


def configured(settings: Settings) -> SandboxConfig:
    """
    Read what the sandbox needs from the notifier's own settings, so that both sides agree.

    The key that signs SendGrid's events is the demo's, when a demo has lived in `VAR`, else one kept there for the
    purpose; `GET /healthz` tells its public half.

    Raises:
        Misconfigured: neither vendor's credentials are set.
    """
    if not settings.twilio_account_sid and not settings.sendgrid_api_key:
        raise Misconfigured(
            "The sandbox needs the credentials the notifier will use: set NOTIFIER_TWILIO_ACCOUNT_SID and "
            "NOTIFIER_TWILIO_AUTH_TOKEN, or NOTIFIER_SENDGRID_API_KEY, to any value on both sides."
        )
    return SandboxConfig(
        twilio_account_sid=settings.twilio_account_sid,
        twilio_auth_token=settings.twilio_auth_token,
        sendgrid_api_key=settings.sendgrid_api_key,
        sendgrid_private_key=_key_of_demo(settings.var / "demo.json") or kept_key(settings.var / "sandbox.key"),
        notifier_url=settings.public_url.rstrip("/"),
        inbound_secret=settings.sendgrid_inbound_secret,
        path=settings.var / "sandbox.sqlite",
    )


def serve(config: SandboxConfig, host: str, port: int) -> None:
    """Run the sandbox until the process is told to stop."""
    settings = uvicorn.Config(
        create(config), host=host, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=2
    )
    uvicorn.Server(settings).run()


async def _serve(stage: Stage, vendor: Vendor, door: TwilioDoor | SendGridDoor, asked: Asked) -> Reply:
    faults = stage.faults.of(vendor)
    await wait(faults.latency_ms)
    if strikes(faults.rate_429):
        return door.limited(faults.retry_after)
    if strikes(faults.error_rate):
        return door.broken(taken=False)
    given = door.handle(asked)
    if asked.method == "POST" and given.status in {201, 202}:
        if strikes(faults.accept_then_hang):
            await asyncio.sleep(faults.hang_seconds)
        if strikes(faults.accept_then_5xx):
            return door.broken(taken=True)
    return given


def _key_of_demo(card: Path) -> str:
    try:
        return str(msgspec.json.decode(card.read_bytes(), type=dict[str, Any]).get("sendgrid_private_key", ""))
    except (OSError, msgspec.DecodeError):
        return ""
