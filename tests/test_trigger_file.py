"""Triggers out of a file."""

import pytest

from notifier import trigger_file
from notifier.errors import Invalid


@pytest.mark.parametrize("raw", [b"5", b"[[[5]]]", b"[null]", b'["x"]', b"[{}]"])
def test_what_is_no_event_is_told_in_its_place(raw: bytes) -> None:
    (told,) = trigger_file.read_all(raw)

    assert isinstance(told, Invalid)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'"\\ud800"', b'["\xff"]'])
def test_what_is_no_json_is_told_of_the_file(raw: bytes) -> None:
    with pytest.raises(Invalid, match="no JSON"):
        trigger_file.read_all(raw)
