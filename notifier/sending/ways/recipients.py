"""To whom anything goes outside production."""

from collections.abc import Callable

from notifier.settings import Settings


def allowed(settings: Settings) -> Callable[[str], bool] | None:
    """
    Return who may be written to; None when everybody may: in production, and without a list.

    `NOTIFIER_ALLOW_RECIPIENTS` has addresses, phone numbers (E.164) and `@domains`, separated by commas.
    """
    listed = frozenset(one.strip().lower() for one in settings.allow_recipients.split(",") if one.strip())
    if settings.is_production or not listed:
        return None
    return lambda address: address.lower() in listed or f"@{address.lower().rpartition('@')[2]}" in listed
