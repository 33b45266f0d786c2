"""Show a template as a customer would read it, with a sample trigger's facts."""

from datetime import date
from typing import Any
from uuid import UUID

from notifier.catalog import samples, types
from notifier.i18n import catalogs
from notifier.providers.contract import Channel, Content
from notifier.rendering.facts import Brand, Facts, Links
from notifier.rendering.library import Library
from notifier.rendering.render import render

SAMPLE_DAY = date(2026, 11, 18)
BRAND = Brand(name="Aurora", address="Rua das Flores 10, 01310-000 São Paulo", support_email="help@aurora.example")
LINKS = Links(public_url="https://aurora.example", token="A" * 38)
NAMES = {"pt_BR": "Ana Souza", "en": "Grace Hill", "es": "Lucía Fernández"}
_COUNTRIES = {"pt_BR": "BR", "en": "US", "es": "MX"}
_CURRENCIES = {"pt_BR": "BRL", "en": "USD", "es": "MXN"}


def preview(
    library: Library,
    template: str,
    channel: Channel,
    locale: str,
    *,
    today: date = SAMPLE_DAY,
    trigger: str = "",
    brand: Brand = BRAND,
    links: Links = LINKS,
) -> Content:
    """
    Render a template with the sample of `trigger` (by default the first it is for), as of `today`.

    Raises:
        UnknownTemplate, UnknownTriggerType, Unrenderable
    """
    kind = types.get(trigger or library.purpose(template).triggers[0])
    return render(
        library, facts(template, channel, locale, data=sample(kind.name, locale, today), brand=brand, links=links)
    )


def sample(trigger: str, locale: str, today: date) -> dict[str, Any]:
    """Return a trigger's sample data with money of where the locale's reader would live."""
    currency = _CURRENCIES[catalogs.match(locale)]
    return {key: _with_currency(value, currency) for key, value in samples.data(trigger, today).items()}


def facts(
    template: str,
    channel: Channel,
    locale: str,
    *,
    data: dict[str, Any],
    name: str | None = None,
    brand: Brand = BRAND,
    links: Links = LINKS,
) -> Facts:
    """Return the facts of a sample customer."""
    language = catalogs.match(locale)
    return Facts(
        message_id=UUID(int=0),
        template=template,
        channel=channel,
        locale=locale,
        country=_COUNTRIES[language],
        customer_id="cus_sample",
        customer_name=NAMES[language] if name is None else name,
        data=data,
        brand=brand,
        links=links,
    )


def _with_currency(value: Any, currency: str) -> Any:
    if isinstance(value, dict) and "currency" in value:
        return value | {"currency": currency}
    return value
