"""No commercial message outside decent hours, in any zone, across every clock change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.planning.hours import candidates, decent

ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
moments = st.integers(0, 7 * 366 * 24 * 60).map(
    lambda passed: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=passed)
)


def earliest(at: datetime, *, topic: str = "offers", zone: str, country: str = "", channel: str = "sms") -> datetime:
    found = decent(at, topic=topic, channel=channel, zones=(zone,), country=country)
    assert found is not None
    return found.at


@settings(max_examples=300, deadline=None)
@given(moments, st.sampled_from(ZONES), st.sampled_from(["", "BR", "US", "FR", "DE", "MX"]))
def test_nothing_commercial_reaches_a_phone_at_night_on_sunday_or_on_a_holiday(
    at: datetime, zone: str, country: str
) -> None:
    there = earliest(at, zone=zone, country=country).astimezone(ZoneInfo(zone))

    assert time(8) <= there.time() < time(20)
    if country == "US":
        assert there.weekday() != 6 or there.time() >= time(8)
    else:
        assert there.weekday() != 6
    if country == "BR":
        assert there.time() >= (time(10) if there.weekday() == 5 else time(9))
        assert (there.month, there.day) not in {(1, 1), (9, 7), (12, 25)}


@settings(max_examples=200, deadline=None)
@given(moments, st.sampled_from(ZONES))
def test_asking_again_at_the_decent_moment_changes_nothing(at: datetime, zone: str) -> None:
    first = earliest(at, zone=zone)

    assert first >= at
    assert earliest(first, zone=zone) == first


@settings(max_examples=100, deadline=None)
@given(moments, st.sampled_from(["US", "BR", "RU", "AU", "MX", "CA", "ES"]))
def test_with_an_unknown_zone_every_zone_of_the_country_must_be_decent(at: datetime, country: str) -> None:
    zones = candidates("", country)

    found = decent(at, topic="offers", channel="whatsapp", zones=zones, country=country)

    assert found is not None
    assert all(time(8) <= found.at.astimezone(ZoneInfo(zone)).time() < time(20) for zone in zones)


def test_what_belongs_to_the_contract_reaches_los_angeles_at_six(now: datetime) -> None:
    assert earliest(now, topic="billing", zone="America/Los_Angeles", country="US") == now


def test_an_offer_waits_for_eight_in_los_angeles_while_its_email_goes(now: datetime) -> None:
    eight = now.replace(hour=16)

    assert earliest(now, zone="America/Los_Angeles", country="US") == eight
    assert earliest(now, zone="America/Los_Angeles", country="US", channel="email") == now


def test_texas_is_asleep_until_noon_on_sundays() -> None:
    sunday = datetime(2026, 11, 22, 15, tzinfo=UTC)

    assert earliest(sunday, zone="America/Chicago", country="US") == sunday.replace(hour=18)


def test_a_brazilian_holiday_is_left_out() -> None:
    independence = datetime(2026, 9, 7, 14, tzinfo=UTC)

    found = earliest(independence, zone="America/Sao_Paulo", country="BR")

    assert found.astimezone(ZoneInfo("America/Sao_Paulo")).date() == date(2026, 9, 8)


def test_a_message_does_not_set_out_in_the_last_minutes_of_the_window() -> None:
    almost = datetime(2026, 11, 18, 22, 59, tzinfo=UTC)  # 19:59 in São Paulo

    assert earliest(almost, zone="America/Sao_Paulo", country="BR") > almost + timedelta(hours=12)


def test_the_zone_of_a_number_helps_when_nothing_else_is_known() -> None:
    assert candidates("", "", "+5592991234567") == ("America/Manaus",)
    assert candidates("Europe/Madrid", "BR") == ("Europe/Madrid",)
    assert candidates("", "") == ("UTC",)
