"""Callbacks come out of their set as they went in, whatever bytes they are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.providers.contract import Hook
from notifier.tracking.packed import ENCODING, pack, unpack

WORDS = st.text(max_size=40)
HOOKS = st.builds(Hook, url=WORDS, headers=st.dictionaries(WORDS, WORDS, max_size=3), body=st.binary(max_size=200))


@given(st.lists(HOOKS, max_size=5))
def test_what_is_packed_comes_out_as_it_was(hooks: list[Hook]) -> None:
    assert unpack(ENCODING, pack(hooks)) == hooks


def test_what_is_alike_takes_little_room() -> None:
    hooks = [
        Hook(url=f"https://a.example/hooks/twilio/status/{number:032x}", headers={"content-type": "x" * 33}, body=body)
        for number in range(50)
        for body in [b"MessageSid=SM%032x&MessageStatus=delivered&From=%%2B15005550006" % number]
    ]

    assert len(pack(hooks)) < 50 * 40


def test_what_a_later_version_wrote_waits_for_it() -> None:
    with pytest.raises(LookupError):
        unpack("later", b"")


def test_what_is_no_text_is_refused_before_it_is_kept() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        pack([Hook(url="\ud800", headers={}, body=b"")])
