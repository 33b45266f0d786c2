"""Money, dates, spans and lists as CLDR writes them, fast enough to be asked for in every message."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import (
    format_date,
    format_datetime,
    format_skeleton,
    format_time,
    format_timedelta,
    get_datetime_format,
)
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, get_currency_precision, get_decimal_symbol, get_group_symbol

Money = Callable[[int], str]

# Two signs, both sides of each grouping edge, and the number of decimals: what a compiled format has to get right.
_PROBES = (0, 1, 10, 99, 100, 999, 1000, 9_999, 10_000, 99_999, 123_456, 1_234_567, 12_345_678, 987_654_321_098)


def money(minor: int, currency: str, locale: str) -> str:
    """Write an amount given in the currency's minor unit: 1990 is `R$ 19,90` in BRL and `¥1,990` in JPY."""
    return writer(locale, currency)(minor)


@lru_cache(maxsize=512)
def writer(locale: str, currency: str) -> Money:
    """
    Return the function that writes amounts of a currency in a locale.

    CLDR's pattern is read once, from an amount it has written, which makes it ten times as fast as asking it each time;
    where that reading does not give CLDR's own result (Indian grouping, foreign digits), CLDR is asked each time.
    """
    parsed = Locale.parse(locale)
    decimals = get_currency_precision(currency)

    def plain(minor: int) -> str:
        return format_currency(Decimal(minor).scaleb(-decimals), currency, locale=parsed)

    compiled = _compiled(plain, decimals, parsed)
    if compiled is None or any(compiled(sign * n) != plain(sign * n) for n in _PROBES for sign in (1, -1)):
        return plain
    return compiled


def _compiled(plain: Money, decimals: int, locale: Locale) -> Money | None:
    group, point = get_group_symbol(locale), get_decimal_symbol(locale)
    unit = 10**decimals

    def digits(minor: int) -> str:
        whole, part = divmod(minor, unit)
        grouped = f"{whole:,}".replace(",", group)
        return f"{grouped}{point}{part:0{decimals}d}" if decimals else grouped

    sample = digits(1_234_567)
    positive, negative = plain(1_234_567).split(sample), plain(-1_234_567).split(sample)
    if len(positive) != 2 or len(negative) != 2:
        return None
    before, after = positive
    minus_before, minus_after = negative

    def fast(minor: int) -> str:
        if minor < 0:
            return f"{minus_before}{digits(-minor)}{minus_after}"
        return f"{before}{digits(minor)}{after}"

    return fast


def number(value: int | Decimal, locale: str) -> str:
    """Write a number with the locale's grouping."""
    return format_decimal(value, locale=locale)


@lru_cache(maxsize=8192)
def day(value: date, locale: str, style: Literal["short", "medium", "long", "full"] = "long") -> str:
    """Write a date: `27 de novembro de 2026`."""
    return format_date(value, format=style, locale=locale)


@lru_cache(maxsize=8192)
def weekday(value: date, locale: str) -> str:
    """Write a date near enough to need no year, with its weekday: `Friday, November 27`."""
    return format_date(value, format=_weekday_pattern(locale), locale=locale)


@lru_cache(maxsize=64)
def _weekday_pattern(locale: str) -> str:
    # CLDR gives patterns with short names and says to lengthen them in place (UTS 35, Dates: Missing Skeleton Fields).
    skeletons = Locale.parse(locale).datetime_skeletons
    found = next((skeletons[name] for name in ("MMMMEEEEd", "MMMMEd", "MMMEd") if name in skeletons), None)
    pattern = found.pattern if found else "EEEE, d MMMM"
    return re.sub(r"E+", "EEEE", re.sub(r"M{3,}", "MMMM", pattern))


@lru_cache(maxsize=8192)
def month(value: date, locale: str) -> str:
    """Write a month: `November 2026`."""
    return format_skeleton("yMMMM", value, locale=locale)


def moment(at: datetime, zone: str, locale: str, style: Literal["short", "medium", "long", "full"] = "medium") -> str:
    """Write an instant as the clocks in `zone` (an IANA name) show it; `medium` does without seconds, unlike CLDR's."""
    if style == "medium":
        pattern = str(get_datetime_format("medium", locale=Locale.parse(locale)))
        shown = format_date(at.astimezone(ZoneInfo(zone)).date(), format="medium", locale=locale)
        return pattern.replace("{1}", shown).replace("{0}", clock_time(at, zone, locale))
    return format_datetime(at, format=style, tzinfo=ZoneInfo(zone), locale=locale)


def clock_time(at: datetime, zone: str, locale: str) -> str:
    """Write the time of day as the clocks in `zone` show it: `14:05`, `2:05 PM`."""
    return format_time(at, format="short", tzinfo=ZoneInfo(zone), locale=locale)


def relative(span: timedelta, locale: str) -> str:
    """Write how far off something is: `in 3 days`; a negative span is in the past."""
    return format_timedelta(span, add_direction=True, locale=locale)


def listed(items: Sequence[str], locale: str) -> str:
    """Write a list: `a, b and c`."""
    return format_list(list(items), locale=locale)
