"""Every refusal as problem JSON (RFC 9457), naming the field where there is one and never our internals."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import ExceptionHandlersMap, Scope
from msgspec import Struct
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from notifier.asgi import Answer
from notifier.errors import Invalid, Refused, Unavailable

log = structlog.get_logger()

Asked = Request[Any, Any, State]


class FieldError(Struct, frozen=True, kw_only=True):
    """One wrong field (`data.invoice.currency`, `[3].data.payment.attempt`) and how to mend it."""

    field: str
    detail: str


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457. `type` is `about:blank`: the status says what kind of problem it is, `errors` which fields have it."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    errors: list[FieldError] = []


def problem(
    status: int, detail: str, *, fields: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Response[Any]:
    """Answer with a problem."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if fields:
        body["errors"] = errors(fields)
    return Response(body, status_code=status, media_type="application/problem+json", headers=dict(headers or {}))


def errors(fields: Mapping[str, str]) -> list[FieldError]:
    """Return the fields as a list, in their order."""
    return [FieldError(field=field, detail=detail) for field, detail in fields.items()]


def refused(_: Asked, error: Refused) -> Response[Any]:
    """Tell what we refused on purpose."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else None
    return problem(
        error.status, str(error), fields=error.fields if isinstance(error, Invalid) else None, headers=headers
    )


def unstorable(_: Asked, __: DataError) -> Response[Any]:
    """Tell that a value is one the database has no form for: a NUL, a number beyond all bounds."""
    return problem(422, "A value cannot be stored or looked up: it holds U+0000, or lies beyond all bounds.")


def away(_: Asked, error: Exception) -> Response[Any]:
    """Ask the caller to come again: the database, or another part, is away. Nothing was kept."""
    log.warning("unavailable", error=type(error).__name__)
    wait = error.retry_after.total_seconds() if isinstance(error, Unavailable) and error.retry_after else 1
    return problem(503, "A part we need is away. Try again.", headers={"Retry-After": str(round(wait) or 1)})


def http(_: Asked, error: HTTPException) -> Response[Any]:
    """Tell what the framework refused: an unknown path, a wrong method, a body too large."""
    detail = error.detail if error.status_code < 500 else "Something went wrong on our side."
    if isinstance(error, RequestEntityTooLarge):
        detail = "The body is larger than this address accepts (1 MiB for triggers). Send fewer at a time."
    if isinstance(error, ValidationException):
        return problem(422, "The request is not as it should be.", fields=_fields(error.extra))
    return problem(error.status_code, detail, headers=error.headers)


def unexpected(request: Asked, error: Exception) -> Response[Any]:
    """Say that it is our fault, and keep the rest to the log."""
    log.error("unexpected error", path=request.scope.get("path_template", ""), exc_info=error)
    return problem(500, "Something went wrong on our side. It is logged; trying again is safe.")


HANDLERS: ExceptionHandlersMap = {
    Refused: refused,
    Unavailable: away,
    OperationalError: away,
    InterfaceError: away,
    NoConnectionFree: away,
    DataError: unstorable,
    HTTPException: http,
    Exception: unexpected,
}


def explain(scope: Scope, error: Exception) -> Answer:
    """Answer at a door in plain ASGI as the framework would with `HANDLERS`."""
    handler = next(HANDLERS[kind] for kind in type(error).__mro__ if kind in HANDLERS)
    response = handler(Request(scope), error)
    return Answer(
        status=response.status_code or 500,
        media_type=str(response.media_type).encode(),
        body=msgspec.json.encode(response.content),
        headers=[(name.lower().encode(), value.encode()) for name, value in response.headers.items()],
    )


def _fields(extra: Any) -> dict[str, str]:
    if not isinstance(extra, list):
        return {}
    return {str(one.get("key", "")): str(one["message"]) for one in extra if isinstance(one, dict) and "message" in one}
