"""Open a customer's account."""

from datetime import datetime
from zoneinfo import available_timezones

from sqlalchemy.orm import Session

from billing.models import Account
from notifier.errors import Invalid


def open(  # noqa: A001 - the room is named: `accounts.open.open`
    db: Session,
    account_id: str,
    *,
    name: str,
    locale: str,
    timezone: str,
    country: str,
    email: str | None = None,
    phone: str | None = None,
    at: datetime,
) -> Account:
    """
    Open an account; every date of its billing will be one of `timezone`'s calendar.

    Raises:
        Invalid: the time zone is none.
    """
    if timezone not in available_timezones():
        raise Invalid(
            f"{timezone!r} is no time zone.", {"timezone": "Use an IANA name, for example America/Sao_Paulo."}
        )
    account = Account(
        id=account_id,
        name=name,
        locale=locale,
        timezone=timezone,
        country=country,
        email=email,
        phone=phone,
        opened_at=at,
    )
    db.add(account)
    db.flush()
    return account
