"""Refusals as pages: what happened and where to go from here."""

from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.exceptions import HTTPException
from msgspec import Struct

from notifier.console import access
from notifier.console.parts import Desk
from notifier.console.render import page
from notifier.errors import Refused


class RefusedPage(Struct, frozen=True, kw_only=True):
    """Shown when a request cannot be granted."""

    status: int
    detail: str


def answer(desk: Desk, error: Exception) -> Response[Any]:
    """Answer an error of ours, or litestar's, with a page; whoever is not signed in is asked to."""
    if isinstance(error, access.NotSignedIn):
        return _to_sign_in(desk)
    status = error.status if isinstance(error, Refused) else getattr(error, "status_code", 500)
    detail = str(error) if isinstance(error, Refused) else ""
    if isinstance(error, HTTPException) and status == 403:
        detail = ""
    with desk.parts.database.begin() as db:
        return page(desk, db, "refused.html", RefusedPage(status=status, detail=detail), status=status)


def _to_sign_in(desk: Desk) -> Response[Any]:
    target = "/console/sign-in?" + urlencode({"next": desk.path})
    if desk.is_partial:
        return Response(None, status_code=204, headers={"hx-redirect": target})
    return Response(None, status_code=303, headers={"location": target, "cache-control": "no-store"})
