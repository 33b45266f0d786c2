"""Static files: addressed by content, and nothing else of the disk."""

import pytest

from notifier import assets
from notifier.errors import Missing


def test_an_address_leads_back_to_its_file() -> None:
    address = assets.url("portal/portal.css")

    served = assets.served(address.removeprefix("/static/"))

    assert served.media_type == "text/css"
    assert served.path == address


@pytest.mark.parametrize(
    "path", ["../settings.py", "/etc/passwd", "portal/none.0.css", "portal", "", "../../LICENSE.x.css"]
)
def test_nothing_else_is_served(path: str) -> None:
    with pytest.raises(Missing):
        assets.served(path)
