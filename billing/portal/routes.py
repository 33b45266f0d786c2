"""The customer's billing pages: `/m/{token}/pay` and `/m/{token}/subscription`. GET shows, only POST acts."""

from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import MediaType, Request, Response, Router, get, post
from litestar.datastructures import ResponseHeader, State
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from billing.emit import emit
from billing.gateways.contract import Card, Gateway
from billing.gateways.sandbox import Sandbox
from billing.payments.pay import pay
from billing.portal import read
from billing.portal.context import PayContext, Resolve
from billing.subscriptions.cancel import cancel, keep
from notifier import clock
from notifier.db import Database
from notifier.errors import Missing
from notifier.i18n import catalogs, pages
from notifier.settings import Settings

#: The token in the path is the capability, so pages are neither cached, framed, nor named to other sites; no scripts.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}

Form = Annotated[dict[str, str] | None, Body(media_type=RequestEncodingType.URL_ENCODED)]


class UnknownLink(Missing):
    """The link was not made by us, or its message is gone."""


def router(database: Database, resolve: Resolve, settings: Settings, *, gateway: Gateway | None = None) -> Router:
    """
    Make the routes. `resolve` reads a link's token; billing itself does not know messages.

    No CSRF token: the link is the capability, and no cookie is looked at.
    """
    doors = _Doors(database, resolve, settings, gateway or Sandbox())

    def unknown(_: Request[Any, Any, State], __: Exception) -> Response[str]:
        response = doors.page("unknown.html", PayContext(customer_id="", locale=settings.default_locale))
        response.status_code = 404
        response.headers.update(_HEADERS)
        return response

    return Router(
        path="/m/{token:str}",
        route_handlers=_handlers(doors),
        response_headers=[ResponseHeader(name=name, value=value) for name, value in _HEADERS.items()],
        exception_handlers={UnknownLink: unknown},
        include_in_schema=False,
    )


class _Doors:
    """What the handlers need from the composition root."""

    def __init__(self, database: Database, resolve: Resolve, settings: Settings, gateway: Gateway) -> None:
        self.database = database
        self.settings = settings
        self.gateway = gateway
        self._resolve = resolve

    def resolve(self, db: Session, token: str) -> PayContext:
        context = self._resolve(db, token)
        if context is None:
            raise UnknownLink("This link is not valid.")
        return context

    def page(self, name: str, context: PayContext, **shown: Any) -> Response[str]:
        html = pages.render(
            f"billing/{name}",
            catalogs.match(context.locale, self.settings.default_locale),
            timezone=context.timezone or "UTC",
            country=context.country,
            brand=self.settings.brand,
            support_email=self.settings.support_email,
            **shown,
        )
        return Response(html, media_type=MediaType.HTML)

    def choices(self) -> dict[str, Card | None]:
        """Return what the form may answer; None: the card on file."""
        return {"on-file": None, **{str(place): card for place, card in enumerate(self.gateway.cards())}}


def _handlers(doors: _Doors) -> list[ControllerRouterHandler]:
    @get("/pay", sync_to_thread=True)
    def show_bill(token: FromPath[str], invoice: FromQuery[str] = "") -> Response[str]:
        with doors.database.begin() as db:
            context = doors.resolve(db, token)
            bill, standing = read.bill(db, context, invoice), read.standing(db, context)
        return doors.page("pay.html", context, token=token, bill=bill, standing=standing, cards=doors.gateway.cards())

    @post("/pay", sync_to_thread=True)
    def pay_bill(token: FromPath[str], data: Form = None) -> Redirect:
        form = data or {}

        def work(db: Session) -> str:
            context = doors.resolve(db, token)
            bill = read.bill(db, context, form.get("invoice", ""))
            attempt, choice, choices = form.get("attempt", ""), form.get("card", "on-file"), doors.choices()
            if bill is None or choice not in choices or attempt != str(bill.attempt):
                return bill.invoice_id if bill else ""
            now = clock.business_now(db)
            settled = pay(db, doors.gateway, bill.invoice_id, card=choices[choice], attempt=bill.attempt, at=now)
            emit(db, settled, now=now)
            return bill.invoice_id

        paid = doors.database.run(work)
        return Redirect(
            f"/m/{token}/pay?{urlencode({'invoice': paid})}" if paid else f"/m/{token}/pay", status_code=303
        )

    @get("/subscription", sync_to_thread=True)
    def show_subscription(token: FromPath[str]) -> Response[str]:
        with doors.database.begin() as db:
            context = doors.resolve(db, token)
            standing = read.standing(db, context)
        return doors.page("subscription.html", context, token=token, standing=standing)

    @post("/subscription", sync_to_thread=True)
    def change_subscription(token: FromPath[str], data: Form = None) -> Redirect:
        choice = (data or {}).get("choice", "cancel")

        def work(db: Session) -> None:
            standing = read.standing(db, doors.resolve(db, token))
            if standing is None:
                return
            now = clock.business_now(db)
            if choice == "keep":
                keep(db, standing.subscription_id, at=now)
            elif choice == "cancel":
                gone = cancel(db, standing.subscription_id, reason="customer", at_period_end=True, at=now)
                emit(db, gone, now=now)

        doors.database.run(work)
        return Redirect(f"/m/{token}/subscription", status_code=303)

    return [show_bill, pay_bill, show_subscription, change_subscription]
