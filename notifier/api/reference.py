"""What a caller looks up before calling: the clocks, and every trigger type with its schema and a sample."""

from datetime import datetime
from functools import partial
from importlib import metadata
from typing import Any

from litestar import Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import Guard
from msgspec import Struct

from notifier import clock
from notifier.api.parts import Parts
from notifier.api.problems import HANDLERS
from notifier.catalog.types import TYPES

_get = partial(get, sync_to_thread=True)


class Clocks(Struct, frozen=True, kw_only=True):
    """Business time decides what is due, and may be ahead; machine time is the database's own."""

    business: datetime
    machine: datetime


class TriggerTypeShown(Struct, frozen=True, kw_only=True):
    """One kind of trigger: `schema` is the JSON Schema of `data`; `sample` can be posted as it is."""

    name: str
    version: int
    summary: str
    schema: dict[str, Any]
    sample: dict[str, Any]


def router(parts: Parts, has_key: Guard) -> Router:
    """Return `GET /clock` and `GET /trigger-types`."""

    @_get("/clock", summary="Read the clocks", tags=["Reference"])
    def get_clock() -> Clocks:
        with parts.database.begin() as db:
            return Clocks(business=clock.business_now(db), machine=clock.machine_now(db))

    @_get("/trigger-types", summary="List the trigger types", tags=["Reference"])
    def get_trigger_types() -> list[TriggerTypeShown]:
        with parts.database.begin() as db:
            now = clock.business_now(db)
        return [
            TriggerTypeShown(
                name=kind.name,
                version=kind.version,
                summary=kind.summary,
                schema=kind.schema(),
                sample=kind.sample(now),
            )
            for kind in TYPES.values()
        ]

    return Router("/", route_handlers=[get_clock, get_trigger_types], guards=[has_key], exception_handlers=HANDLERS)


def openapi() -> OpenAPIConfig:
    """Describe the interface as OpenAPI."""
    return OpenAPIConfig(
        title="Subscription notifier",
        version=metadata.version("subscription-notifier"),
        description="Triggers in; one localized message per customer out, with a reason for each.",
        path="/schema",
        components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
        security=[{"key": []}],
        render_plugins=[JsonRenderPlugin()],
    )
