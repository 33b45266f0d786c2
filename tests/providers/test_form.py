"""Form fields are written as the standard library writes them."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.providers.twilio.form import encoded


@given(st.dictionaries(st.text(), st.text()))
def test_fields_are_encoded_as_urllib_does(fields: dict[str, str]) -> None:
    assert encoded(fields) == urlencode(fields).encode()


def test_broken_text_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        encoded({"Body": "\ud83d"})
