"""Which phone numbers are taken for addresses one can write to."""

import pytest

from notifier.customers import addresses


@pytest.mark.parametrize("written", ["+15550001234", "+15555550100", "+447700900123", "+12025550123", "+5511900000001"])
def test_a_number_of_the_right_length_is_written_to_whoever_has_it(written: str) -> None:
    assert addresses.phone(written, "").value == written


@pytest.mark.parametrize("written", ["+5215512345678", "+52 1 55 1234 5678", "+525512345678"])
def test_a_mexican_mobile_is_the_same_with_and_without_its_old_prefix(written: str) -> None:
    assert addresses.phone(written, "MX").value == "+525512345678"


@pytest.mark.parametrize(("written", "country"), [("555-0123", "US"), ("+1415555", ""), ("+1415555013299", "")])
def test_a_number_too_short_or_too_long_is_none(written: str, country: str) -> None:
    assert addresses.phone(written, country).value == ""
