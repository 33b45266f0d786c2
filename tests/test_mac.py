"""What is signed with the key already in is what the standard library signs."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.mac import Mac


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
@given(key=st.binary(max_size=200), begin=st.binary(), said=st.lists(st.binary(), min_size=1))
def test_it_is_hmac(digest: str, key: bytes, begin: bytes, said: list[bytes]) -> None:
    mac = Mac(key, digest, begin)

    assert [mac(one) for one in said] == [hmac.digest(key, begin + one, digest) for one in said]
