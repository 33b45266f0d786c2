"""The environment templates run in: strict, immutable, with filters for one language and region."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Literal

from jinja2 import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from notifier.i18n import catalogs, formats
from notifier.rendering.language import cleaning

Kind = Literal["html", "text", "sms"]
SCALES: Mapping[str, tuple[int, ...]] = {
    "nps": tuple(range(11)),
    "csat": tuple(range(1, 6)),
    "ces": tuple(range(1, 8)),
    "cancel-reason": (),
}
"""The scores each survey question is answered with."""


class Absent(Undefined):
    """An optional field the trigger does not carry: false in a condition, refused wherever it would be written."""

    __slots__ = ()
    __str__ = __iter__ = __len__ = __contains__ = Undefined._fail_with_undefined_error  # noqa: SLF001 - as StrictUndefined


@cache
def environment(kind: Kind, locale: str, region: str) -> ImmutableSandboxedEnvironment:
    """Return an environment that speaks `locale`, and writes money and dates as in `region` (a Babel locale)."""
    made = ImmutableSandboxedEnvironment(
        extensions=["jinja2.ext.i18n"],
        undefined=Absent,
        autoescape=kind == "html",
        lstrip_blocks=True,
        finalize=said,
        cache_size=0,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.globals = {"_": made.globals["_"], "scales": SCALES}
    made.filters = dict(filters(kind, region))
    words = catalogs.translations(locale)
    made.install_gettext_callables(  # type: ignore[attr-defined] # added by the i18n extension
        words.gettext, words.ngettext, newstyle=True, pgettext=words.pgettext, npgettext=words.npgettext
    )
    return made


def said(value: Any) -> Any:
    """Return a value as it may be written: cleaned text, a number, or what complains when it is written (`Absent`)."""
    kind = type(value)
    if kind is str:
        # Said here as well as in `cleaning.value`: it is asked of every value of every message.
        return value if value.isascii() and value.isprintable() else cleaning.value(value)
    if kind is Markup or kind is int or isinstance(value, Undefined):
        return value
    raise cleaning.Unrenderable(f"The template writes {value!r}, which is no text: guard it with an if, or format it.")


@cache
def filters(kind: Kind, region: str) -> dict[str, Callable[..., Any]]:
    """Return the filters by name, as they are in a region."""
    ending = "..." if kind == "sms" else "…"

    @lru_cache(maxsize=1024)
    def day(value: str | date, style: Literal["short", "medium", "long", "full"] = "long") -> str:
        return formats.day(_date(value), region, style)

    def short(text: str, limit: int) -> str:
        return cleaning.short(cleaning.value(text), limit, ending)

    return {
        "money": lambda minor, currency: formats.writer(region, currency)(minor),
        "date": day,
        "weekday": lru_cache(maxsize=1024)(lambda value: formats.weekday(_date(value), region)),
        "month": lru_cache(maxsize=1024)(lambda value: formats.month(_date(value), region)),
        "moment": lambda value, zone: formats.moment(datetime.fromisoformat(value), zone, region),
        "day_before": lambda value: _date(value) - timedelta(days=1),
        "number": lambda value: formats.number(value, region),
        "listed": lambda values: formats.listed([cleaning.value(text) for text in values], region),
        "short": short,
        "default": lambda value, other: value or other,
        "length": len,
        "upper": str.upper,
        "e": lambda value: value if isinstance(value, Markup) else Markup.escape(value),
    }


def _date(value: str | date) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value
