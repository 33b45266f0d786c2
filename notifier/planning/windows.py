"""When people may be written to on their phones: one row per rule with its source, for counsel to check and edit."""

from datetime import date, time

from msgspec import Struct

WEEKDAYS = (0, 1, 2, 3, 4)
SATURDAY = (5,)
SUNDAY = (6,)
EVERY_DAY = (*WEEKDAYS, *SATURDAY, *SUNDAY)


class Window(Struct, frozen=True):
    """Hours of the recipient's wall clock on some days of the week (0 is Monday)."""

    days: tuple[int, ...]
    start: time
    end: time


class HoursRule(Struct, frozen=True, kw_only=True):
    """What holds for a kind of message in a country, or in some of its zones only. The first row that fits stands."""

    kind: str
    """`commercial` (surveys, offers, news) or `contractual` (billing, service)."""
    country: str = ""
    """ISO 3166-1; empty: anywhere."""
    zones: tuple[str, ...] = ()
    """IANA names the row is limited to; none: all of the country's."""
    windows: tuple[Window, ...]
    holidays: bool = False
    """Whether nothing is sent on the country's public holidays."""
    source: str
    checked_on: date


_CHECKED = date(2026, 11, 18)

RULES = (
    HoursRule(
        kind="contractual",
        windows=(Window(EVERY_DAY, time(6), time(22)),),
        source="Our own courtesy: notices about a contract may be sent at any hour, and nobody wants them at night.",
        checked_on=_CHECKED,
    ),
    HoursRule(
        kind="commercial",
        country="BR",
        windows=(Window(WEEKDAYS, time(9), time(20)), Window(SATURDAY, time(10), time(16))),
        holidays=True,
        source="Twilio, Brazil SMS guidelines (9-22, never on Sundays), narrowed to the common practice of operators.",
        checked_on=_CHECKED,
    ),
    HoursRule(
        kind="commercial",
        country="US",
        zones=("America/Chicago", "America/Denver", "US/Central", "US/Mountain", "CST6CDT", "MST7MDT"),
        windows=(Window((*WEEKDAYS, *SATURDAY), time(9), time(20)), Window(SUNDAY, time(12), time(20))),
        source="Texas SB 140 (2025): 9-21, Sundays from noon; in zones Texas shares. Oklahoma's 8-20 lies in them too.",
        checked_on=_CHECKED,
    ),
    HoursRule(
        kind="commercial",
        country="US",
        windows=(Window(EVERY_DAY, time(8), time(20)),),
        source="47 CFR 64.1200(c)(1): 8-21 at the called party's; Florida SB 1120, Washington and Maryland: until 20.",
        checked_on=_CHECKED,
    ),
    HoursRule(
        kind="commercial",
        windows=(Window((*WEEKDAYS, *SATURDAY), time(8), time(20)),),
        holidays=True,
        source="Our own caution where no rule is listed: working days, 8-20.",
        checked_on=_CHECKED,
    ),
)
