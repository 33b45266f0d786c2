"""The sandbox as JSON: what arrived, answers, recipients' behaviour, faults."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, delete, get, post, put
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Meta, Struct

from notifier.errors import Invalid
from notifier.sandbox.outcomes import Outcome
from notifier.sandbox.records import Channel, Listed, listed
from notifier.sandbox.stage import Stage
from notifier.sandbox.web.answers import Answer, answer

Asking = Request[Any, Any, State]


class Behaviour(Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of messages to an address from now on."""

    outcome: Outcome
    error_code: Annotated[int, Meta(ge=10000, le=99999)] | None = None


def api(stage: Stage) -> Router:
    """Build the routes below `/api`."""

    @get("/messages")
    async def messages(
        to: FromQuery[str] = "",
        channel: FromQuery[Channel | None] = None,
        limit: Annotated[int | None, QueryParameter(ge=1, le=100_000)] = None,
    ) -> list[Listed]:
        return [listed(one) for one in stage.store.outbound(to=_address(to), channel=channel, limit=limit)]

    @delete("/messages")
    async def clear() -> None:
        stage.store.clear()

    @post("/replies", status_code=202)
    async def replies(request: Asking) -> dict[str, str]:
        message = answer(stage, read(await request.body(), Answer))
        return {"provider_id": message.provider_id, "channel": message.channel, "to": message.business}

    @get("/faults")
    async def faults() -> dict[str, Any]:
        return stage.faults.ordered

    @put("/faults")
    async def order(request: Asking) -> dict[str, Any]:
        stage.faults.order(read(await request.body(), Any))
        return stage.faults.ordered

    @delete("/faults")
    async def mend() -> None:
        stage.faults.clear()

    @get("/recipients")
    async def recipients() -> dict[str, Behaviour]:
        return {address: Behaviour(*chosen) for address, chosen in stage.store.notes.get("outcomes", {}).items()}

    @put("/recipients/{address:str}")
    async def behave(request: Asking, address: FromPath[str]) -> Behaviour:
        wanted: Behaviour = read(await request.body(), Behaviour)
        stage.store.note("outcomes", address.removeprefix("whatsapp:"), (wanted.outcome, wanted.error_code))
        return wanted

    @delete("/recipients/{address:str}")
    async def unset(address: FromPath[str]) -> None:
        stage.store.note("outcomes", address.removeprefix("whatsapp:"), None)

    return Router(
        path="/api",
        route_handlers=[messages, clear, replies, faults, order, mend, recipients, behave, unset],
    )


def _address(text: str) -> str:
    """Mend `?to=+49…`, whose plus sign arrives as a space when it was not escaped; emails arrive in lower case."""
    bare = text.strip().removeprefix("whatsapp:").lower()
    return f"+{bare}" if bare.isdigit() else bare


def read(body: bytes, kind: Any) -> Any:
    """
    Decode a JSON body.

    Raises:
        Invalid: names the field that is wrong.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at `$.")
        spot = where.rstrip("`") or _named(said)
        raise Invalid(f"{spot}: {said}" if spot else said, {spot: said}) from error
    except msgspec.DecodeError as error:
        raise Invalid("The body is no JSON.", {"": str(error)}) from error


def _named(said: str) -> str:
    """Find the field in "Object missing required field `text`"."""
    parts = said.split("`")
    return parts[1] if len(parts) > 2 else ""
