"""Answer with a page: in the customer's language, locked down, and kept out of caches and other sites' logs."""

from typing import Any
from urllib.parse import parse_qsl

import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import InterfaceError, OperationalError

from notifier.api.parts import Parts
from notifier.errors import Missing, Unavailable
from notifier.i18n import catalogs, pages
from notifier.portal.subject import Subject

log = structlog.get_logger()

Asked = Request[Any, Any, State]

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
#: A message as it was sent: it may show pictures and its own styles, run nothing, and send nothing anywhere. Its links
#: open beside it.
MESSAGE_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src https: http: data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


def headers(policy: str = POLICY) -> dict[str, str]:
    """Return the headers of every page here; the address is a secret, so it is told to nobody."""
    return {
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-robots-tag": "noindex, nofollow",
        "cache-control": "private, no-store",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "cross-origin-opener-policy": "same-origin",
    }


def page(
    parts: Parts, name: str, subject: Subject, *, token: str, status_code: int = 200, **context: Any
) -> Response[str]:
    """Render `templates/portal/<name>` for the subject's person."""
    html = pages.render(
        f"portal/{name}",
        catalogs.match(subject.locale, default=parts.settings.default_locale),
        timezone=subject.timezone,
        country=subject.country,
        token=token,
        subject=subject,
        **signs(parts),
        **context,
    )
    return Response(html, media_type="text/html", status_code=status_code, headers=headers())


def signs(parts: Parts) -> dict[str, str]:
    """Return what every page says of the business."""
    return {"brand": parts.settings.brand, "support_email": parts.settings.support_email}


def form(body: bytes) -> dict[str, str]:
    """Read a URL-encoded form; of a field given twice the last stands."""
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=100))


def trouble(parts: Parts) -> ExceptionHandlersMap:
    """Return the friendly pages for a link that leads nowhere, and for a bad day of ours."""

    def sorry(request: Asked, status: int, name: str) -> Response[str]:
        wanted = request.headers.get("accept-language", "").partition(",")[0].partition(";")[0].strip()
        locale = catalogs.match(wanted, default=parts.settings.default_locale)
        html = pages.render(f"portal/{name}", locale, **signs(parts))
        return Response(html, media_type="text/html", status_code=status, headers=headers())

    def missing(request: Asked, _: Exception) -> Response[str]:
        return sorry(request, 404, "missing.html")

    def away(request: Asked, error: Exception) -> Response[str]:
        log.warning("unavailable", error=type(error).__name__)
        return sorry(request, 503, "trouble.html")

    def framework(request: Asked, error: HTTPException) -> Response[str]:
        is_ours = error.status_code >= 500
        return sorry(request, error.status_code, "trouble.html" if is_ours else "missing.html")

    def unexpected(request: Asked, error: Exception) -> Response[str]:
        log.error("unexpected error", path=request.scope.get("path_template", ""), exc_info=error)
        return sorry(request, 500, "trouble.html")

    return {
        Missing: missing,
        Unavailable: away,
        OperationalError: away,
        InterfaceError: away,
        HTTPException: framework,
        Exception: unexpected,
    }
