"""SMS segments as carriers count them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.rendering.segments import count


@pytest.mark.parametrize(
    ("text", "encoding", "segments", "units"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 1, 160),
        ("a" * 161, "GSM-7", 2, 161),
        ("a" * 306, "GSM-7", 2, 306),
        ("a" * 307, "GSM-7", 3, 307),
        ("€" * 80, "GSM-7", 1, 160),
        ("a" * 152 + "€" + "a" * 153, "GSM-7", 3, 307),  # the escape pair is not split: one septet stays empty
        ("É é à ñ ü Ç", "GSM-7", 1, 11),
        ("ã", "UCS-2", 1, 1),
        ("ç" * 70, "UCS-2", 1, 70),
        ("ç" * 71, "UCS-2", 2, 71),
        ("😀" * 35, "UCS-2", 1, 70),
        ("a" * 66 + "😀" + "a" * 66, "UCS-2", 3, 134),  # nor is a surrogate pair
        ("👨\u200d👩\u200d👧" * 9, "UCS-2", 2, 72),  # nor a family
    ],
)
def test_texts_are_counted_as_carriers_cut_them(text: str, encoding: str, segments: int, units: int) -> None:
    counted = count(text)

    assert (counted.encoding, counted.segments, counted.units) == (encoding, segments, units)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_what_is_counted_always_fits(text: str) -> None:
    counted = count(text)

    assert counted.units <= counted.capacity
    assert (counted.segments > 0) == bool(text)
