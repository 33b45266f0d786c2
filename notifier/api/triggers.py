"""The door for business facts: CloudEvents, single or in batches, each accepted once and answered after its commit."""

import asyncio
from typing import Any

import msgspec
from litestar import Router, post
from litestar.exceptions import ClientException, HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.status_codes import HTTP_202_ACCEPTED
from litestar.types import ASGIApp, Guard, Receive, Scope
from msgspec import Struct

from notifier import clock
from notifier.api.keys import Keys
from notifier.api.parts import Parts
from notifier.api.problems import HANDLERS, FieldError, Problem, errors, explain
from notifier.asgi import Answer, Door, TooLarge, read_body
from notifier.errors import Invalid
from notifier.intake.accept import Result, accept
from notifier.intake.events import Event, read
from notifier.together import Together

LARGEST_BODY = 1024 * 1024
DROPPED = 15 * LARGEST_BODY
"""So much more is read to its end, so that the caller who is still writing it gets to see our answer."""
LARGEST_BATCH = 1000

SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PLAIN = "application/json"


class TriggerResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one event. `duplicate` is as good as `accepted`: it was accepted before."""

    id: str
    source: str
    status: str
    """`accepted`, `duplicate` or `refused`."""
    errors: list[FieldError] = []


class TriggerResults(Struct, frozen=True, kw_only=True):
    """One result per event, in their order."""

    results: list[TriggerResult]


def door(parts: Parts, known: Keys) -> Door:
    """Return the door itself, in plain ASGI."""
    accepted = Together[list[Event], list[Result]](
        lambda groups: _accept(parts, groups), weigh=len, most=LARGEST_BATCH, at_once=2
    )

    async def take(scope: Scope, receive: Receive) -> Answer:
        headers = dict(scope["headers"])
        await known.check(headers.get(b"authorization", b"").decode("latin-1"))
        announced = headers.get(b"content-length", b"").decode("latin-1")
        body = await read_body(receive, announced=announced, most=LARGEST_BODY, dropped=DROPPED)
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
        if kind not in {SINGLE, BATCH, PLAIN}:
            raise HTTPException(f"Send {SINGLE}, {BATCH} or {PLAIN}.", status_code=415)
        is_batch = kind == BATCH or (kind == PLAIN and body.lstrip()[:1] == b"[")
        results = await (_batch(accepted, body) if is_batch else _single(accepted, body))
        return Answer(HTTP_202_ACCEPTED, b"application/json", msgspec.json.encode(TriggerResults(results=results)))

    return Door(take, explain)


def router(busy: Door, has_key: Guard) -> Router:
    """Return `POST /triggers`: the door as the framework, and with it the reference, knows it."""

    @post(
        "/triggers",
        status_code=HTTP_202_ACCEPTED,
        summary="Accept triggers",
        description="CloudEvents 1.0 in structured mode, one or a batch of up to 1,000. Sending again is safe: "
        "`source` and `id` make an event the same event. In a batch each event stands for itself.",
        responses={
            202: ResponseSpec(TriggerResults, generate_examples=False, description="One result per event."),
            422: ResponseSpec(Problem, description="The event is wrong; `errors` names each field."),
        },
        tags=["Triggers"],
    )
    async def post_triggers() -> ASGIApp:
        return busy

    return Router("/", route_handlers=[post_triggers], guards=[has_key], exception_handlers=HANDLERS)


async def _single(accepted: Together[list[Event], list[Result]], body: bytes) -> list[TriggerResult]:
    event = read(body)
    if isinstance(event, Invalid):
        raise event
    (result,) = await accepted([event])
    if result.status == "refused":
        raise Invalid("The event was not accepted.", result.errors)
    return [_told(result, "")]


async def _batch(accepted: Together[list[Event], list[Result]], body: bytes) -> list[TriggerResult]:
    # A full batch takes some milliseconds to check: not on the loop everybody waits for.
    read_events = await asyncio.to_thread(_read_batch, body)
    events = [event for event in read_events if isinstance(event, Event)]
    stored = iter(await accepted(events) if events else [])
    return [
        _told(next(stored), f"[{place}].") if isinstance(event, Event) else _refused(event[0], event[1], place)
        for place, event in enumerate(read_events)
    ]


_decode_batch = msgspec.json.Decoder(list[msgspec.Raw]).decode


def _read_batch(body: bytes) -> list[Event | tuple[Invalid, msgspec.Raw]]:
    try:
        raws = _decode_batch(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ClientException(f"The body is not a JSON list: {error}.") from error
    if len(raws) > LARGEST_BATCH:
        raise TooLarge(f"A batch carries at most {LARGEST_BATCH} events; this one has {len(raws)}.")
    return [event if isinstance(event := read(bytes(raw)), Event) else (event, raw) for raw in raws]


def _accept(parts: Parts, groups: list[list[Event]]) -> list[list[Result]]:
    results = iter(
        parts.database.run(
            lambda db: accept(db, [event for group in groups for event in group], now=clock.business_now(db))
        )
    )
    return [[next(results) for _ in group] for group in groups]


def _told(result: Result, prefix: str) -> TriggerResult:
    if not result.errors:
        return TriggerResult(id=result.id, source=result.source, status=result.status)
    fields = {prefix + field: remedy for field, remedy in result.errors.items()}
    return TriggerResult(id=result.id, source=result.source, status=result.status, errors=errors(fields))


def _refused(invalid: Invalid, raw: msgspec.Raw, place: int) -> TriggerResult:
    names = _names(raw)
    fields = {f"[{place}].{field}".rstrip("."): remedy for field, remedy in invalid.fields.items()}
    return TriggerResult(
        id=str(names.get("id") or ""),
        source=str(names.get("source") or ""),
        status="refused",
        errors=errors(fields or {f"[{place}]": str(invalid)}),
    )


def _names(raw: msgspec.Raw) -> dict[str, Any]:
    # What made it wrong (a number beyond all bounds, bytes that are no UTF-8) may keep all of it from being read.
    try:
        event = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}
