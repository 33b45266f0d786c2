"""Codes, facts and numbers as people read them, in the reader's language."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale
from babel.dates import format_date, format_skeleton, get_timezone_location
from babel.numbers import format_decimal, format_percent

from notifier import assets
from notifier.console import reasons
from notifier.errors import Missing
from notifier.history.explain import Explained
from notifier.i18n import catalogs, formats
from notifier.i18n.authored import as_title

_PROVIDERS = {"sendgrid": "SendGrid", "twilio": "Twilio", "smtp": "SMTP"}
#: What of a trigger's data tells one from another, with the path of its amount and currency.
_AMOUNTS = ("invoice", "bonus", "subscription")


class Words:
    """The words of one locale; templates call it `words`."""

    def __init__(self, locale: str) -> None:
        """Look the catalog up once per page."""
        self.locale = locale
        self._catalog = catalogs.translations(locale)
        self._say = self._catalog.gettext
        self._shown = Locale.parse(locale)

    def reason(self, code: str, facts: Mapping[str, Any] | None = None) -> str:
        """Say a reason's code in words; a code without words of its own says itself."""
        return reasons.say(self._say, code, facts or {})

    def reply(self, code: str) -> str:
        """Say why a reply was taken for what it was."""
        return reasons.reply(self._say, code)

    def decision(self, decision: Mapping[str, Any]) -> str:
        """Say a verdict with its reason."""
        return self.reason(str(decision.get("reason", "")), decision.get("facts"))

    def address(self, state: str, reason: str) -> str:
        """Say why an address is not written to."""
        return reasons.address(self._say, state, reason)

    def source(self, code: str) -> str:
        """Say where a consent came from."""
        return reasons.source(self._say, code)

    def about(self, data: Mapping[str, Any], money: Callable[[int, str], str]) -> str:
        """Say in a few words what a trigger is about: plan, amount, invoice number."""
        said = []
        subscription = data.get("subscription")
        if isinstance(subscription, dict) and subscription.get("plan"):
            said.append(str(subscription["plan"]))
        for name in _AMOUNTS:
            thing = data.get(name)
            if isinstance(thing, dict) and isinstance(thing.get("amount"), int) and thing.get("currency"):
                said.append(money(thing["amount"], thing["currency"]))
                if thing.get("number"):
                    said.append(str(thing["number"]))
                break
        return " · ".join(said)

    def number(self, value: int) -> str:
        """Write a count with the locale's grouping."""
        return format_decimal(value, locale=self._shown)

    def percent(self, share: float) -> str:
        """Write a share; never rounded up to all."""
        digits = 0 if share in {0.0, 1.0} else 1
        shown = min(share, 0.999) if digits else share
        return str(format_percent(shown, format="#,##0.#%" if digits else None, locale=self._shown))

    def span(self, text: str) -> str:
        """Write a journey's time to wait (`3d`, `2h`)."""
        ngettext, amount, unit = self._catalog.ngettext, text[:-1], text[-1:]
        if not amount.isdigit() or unit not in {"s", "m", "h", "d"}:
            return text
        count = int(amount)
        said = {
            "s": ngettext("%(num)s second", "%(num)s seconds", count),
            "m": ngettext("%(num)s minute", "%(num)s minutes", count),
            "h": ngettext("%(num)s hour", "%(num)s hours", count),
            "d": ngettext("%(num)s day", "%(num)s days", count),
        }
        return said[unit] % {"num": self.number(count)}

    def authored(self, text: str) -> str:
        """Say what a journey's or a template's author wrote; what came along is translated, their own is as written."""
        return self._say(text) if text else ""

    def country(self, code: str) -> str:
        """Name a country."""
        return str(self._shown.territories.get(code, code))

    def zone(self, name: str) -> str:
        """Name a time zone by its city."""
        return "UTC" if name == "UTC" else get_timezone_location(name, locale=self._shown, return_city=True)

    def zones(self, *names: str) -> list[str]:
        """Return the zones to choose from: the customer's, the reader's, UTC."""
        return list(dict.fromkeys([name for name in names if name] + ["UTC"]))

    def local_time(self, now: datetime, zone: str) -> str:
        """Write what clocks in a zone show now, and in which city."""
        return f"{formats.clock_time(now, zone, self.locale)} ({self.zone(zone)})"

    def day_there(self, at: datetime, zone: str) -> str:
        """Write the date an instant has in a zone."""
        return formats.day(at.astimezone(ZoneInfo(zone)).date(), self.locale, "medium")

    def brief_day(self, on: date, period: str) -> str:
        """Write a day below its bar: the weekday within a week, else day and month."""
        if period == "week":
            return format_date(on, "EEE", locale=self._shown).rstrip(".")
        return format_skeleton("Md", on, locale=self._shown)

    def step(self, name: str) -> str:
        """Write a step's name, which the journey's author chose, as a title."""
        return self._say(as_title(name))

    def provider(self, name: str) -> str:
        """Write a provider's name as it writes itself."""
        return _PROVIDERS.get(name, name)

    def instant(self, text: str | datetime) -> datetime:
        """Read an instant kept as JSON."""
        return datetime.fromisoformat(text) if isinstance(text, str) else text

    def newest(self, versions: Mapping[str, Any]) -> datetime:
        """Return when the newest of some versions was published."""
        newest: datetime = max(version.published_at for version in versions.values())
        return newest

    def raw(self, told: Explained) -> str:
        """Write a message's facts as they are kept."""
        row = {column.key: getattr(told.message, column.key) for column in told.message.__table__.columns}
        return msgspec.json.format(msgspec.json.encode(row, enc_hook=str), indent=2).decode()

    @property
    def script(self) -> str:
        """The bundle's address; empty when it was not built: every page works without."""
        try:
            return assets.url("build/console.js")
        except Missing:
            return ""
