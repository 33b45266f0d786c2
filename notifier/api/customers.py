"""Tell us of a customer, and read back what we know of them."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from babel import Locale, UnknownLocaleError
from litestar import Router, get, put
from litestar.params import JSONBody, PathParameter
from litestar.types import Guard
from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from notifier import clock
from notifier.api.parts import Parts
from notifier.api.problems import HANDLERS
from notifier.catalog.shapes import Country
from notifier.consent.suppress import suppressed
from notifier.customers.models import Customer
from notifier.customers.snapshot import Snapshot, upsert
from notifier.errors import Invalid, Missing

_get, _put = partial(get, sync_to_thread=True), partial(put, sync_to_thread=True)


class ContactPointGiven(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address on a channel; a phone number serves SMS and WhatsApp alike."""

    channel: Literal["email", "sms", "whatsapp"]
    address: Annotated[str, Meta(max_length=254)]


class CustomerGiven(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to know of a customer; an absent field changes nothing, null clears it."""

    name: Annotated[str, Meta(max_length=200)] | UnsetType | None = UNSET
    locale: Annotated[str, Meta(max_length=35)] | UnsetType | None = UNSET
    timezone: Annotated[str, Meta(max_length=64)] | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET
    email: Annotated[str, Meta(max_length=254)] | UnsetType | None = UNSET
    phone: Annotated[str, Meta(max_length=32)] | UnsetType | None = UNSET
    contact_points: list[ContactPointGiven] | UnsetType = UNSET
    attributes: dict[str, Any] | UnsetType | None = UNSET


class ContactPointShown(Struct, frozen=True, kw_only=True):
    """`state` is `usable`, `invalid` (it does not exist) or `suppressed` (never to be written to), with its reason."""

    channel: str
    address: str
    state: str
    reason: str


class CustomerShown(Struct, frozen=True, kw_only=True):
    """A customer as we know them. `as_of` is the time of the newest thing that said anything new of them."""

    id: str
    name: str
    locale: str
    timezone: str
    country: str
    email: str | None
    phone: str | None
    contact_points: list[ContactPointShown]
    attributes: dict[str, Any]
    as_of: datetime


class UnknownCustomer(Missing):
    """Nobody has told us of that customer yet."""


CustomerId = Annotated[str, PathParameter(min_length=1, max_length=200)]


def router(parts: Parts, has_key: Guard) -> Router:
    """Return `PUT` and `GET /customers/{id}`."""

    @_put("/customers/{customer_id:str}", summary="Create or update a customer", tags=["Customers"])
    def put_customer(customer_id: CustomerId, data: JSONBody[CustomerGiven]) -> CustomerShown:
        with parts.database.begin() as db:
            problems = upsert(db, [_snapshot(customer_id, data, clock.business_now(db))]).get(customer_id, {})
            wrong = {field: why for field, why in problems.items() if field != "locale" or not _is_locale(data.locale)}
            if wrong:
                raise Invalid("The customer was not changed.", wrong)
            return find(db, customer_id)

    @_get("/customers/{customer_id:str}", summary="Get a customer", tags=["Customers"])
    def get_customer(customer_id: CustomerId) -> CustomerShown:
        with parts.database.begin() as db:
            return find(db, customer_id)

    return Router("/", route_handlers=[put_customer, get_customer], guards=[has_key], exception_handlers=HANDLERS)


def find(db: Session, customer_id: str) -> CustomerShown:
    """
    Return a customer with what may be done with each address.

    Raises:
        UnknownCustomer: there is none with that id.
    """
    query = select(Customer).options(selectinload(Customer.contact_points)).where(Customer.id == customer_id)
    row = db.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise UnknownCustomer(f"There is no customer {customer_id!r}.")
    stops = suppressed(db, [(point.channel, point.address) for point in row.contact_points])
    points = [
        ContactPointShown(
            channel=point.channel,
            address=point.address,
            state="suppressed" if (point.channel, point.address) in stops else point.state,
            reason=stops.get((point.channel, point.address), point.reason),
        )
        for point in row.contact_points
    ]
    at = {point.channel: point.address for point in points}
    return CustomerShown(
        id=row.id,
        name=row.name,
        locale=row.locale,
        timezone=row.timezone,
        country=row.country,
        email=at.get("email"),
        phone=at.get("sms") or at.get("whatsapp"),
        contact_points=points,
        attributes=row.attributes,
        as_of=row.as_of,
    )


def _snapshot(customer_id: str, data: CustomerGiven, now: datetime) -> Snapshot:
    email, phone = data.email, data.phone
    for place, point in enumerate(data.contact_points or ()):
        earlier = email if point.channel == "email" else phone
        if earlier not in {UNSET, point.address}:
            where = f"contact_points[{place}].address"
            raise Invalid("The customer was not changed.", {where: f"differs from {earlier!r} given for the same use"})
        if point.channel == "email":
            email = point.address
        else:
            phone = point.address
    return Snapshot(
        id=customer_id,
        as_of=now,
        name=data.name,
        locale=data.locale,
        timezone=data.timezone,
        country=data.country,
        email=email,
        phone=phone,
        attributes=data.attributes,
    )


def _is_locale(written: str | UnsetType | None) -> bool:
    # A language we have no words in yet is no mistake of the caller's: the default is used until we have them.
    try:
        return bool(written) and bool(Locale.parse(str(written).replace("-", "_")))
    except (ValueError, UnknownLocaleError):
        return False
