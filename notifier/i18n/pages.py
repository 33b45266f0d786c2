"""The web pages' templates: one Jinja environment per locale, with money, dates and words of that locale."""

from datetime import date, datetime
from functools import cache, partial
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from notifier import assets
from notifier.i18n import catalogs, formats
from notifier.i18n.shipped import directory

Style = Literal["short", "medium", "long", "full"]


def render(name: str, locale: str, *, timezone: str = "UTC", country: str = "", **context: Any) -> str:
    """
    Render `templates/<name>` for a reader: words in `locale`, instants in `timezone` (IANA), numbers as in `country`.

    Every template has the functions `money(minor, currency)`, `day(date)`, `moment(instant)`, `clock_time(instant)` and
    `ago(instant, now)`, besides `_`, `ngettext` and `static_url(name)`.
    """
    shown = catalogs.formatting(locale, country)
    template = environment(locale).get_template(name)
    return template.render(
        locale=locale,
        html_lang=locale.replace("_", "-"),
        timezone=timezone,
        money=partial(_money, shown),
        day=partial(_day, shown),
        moment=partial(_moment, shown, timezone),
        clock_time=partial(_clock_time, shown, timezone),
        ago=partial(_ago, shown),
        **context,
    )


@cache
def environment(locale: str) -> Environment:
    """Return the environment whose `_`, `ngettext` and `{% trans %}` speak `locale`."""
    made = Environment(
        loader=FileSystemLoader(directory("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.install_gettext_translations(catalogs.translations(locale), newstyle=True)  # type: ignore[attr-defined]  # by the extension
    made.globals["static_url"] = assets.url
    return made


def _money(locale: str, minor: int, currency: str) -> str:
    return formats.money(minor, currency, locale)


def _day(locale: str, value: date, style: Style = "long") -> str:
    return formats.day(value, locale, style)


def _moment(locale: str, timezone: str, at: datetime, style: Style = "medium") -> str:
    return formats.moment(at, timezone, locale, style)


def _clock_time(locale: str, timezone: str, at: datetime) -> str:
    return formats.clock_time(at, timezone, locale)


def _ago(locale: str, at: datetime, now: datetime) -> str:
    return formats.relative(at - now, locale)
