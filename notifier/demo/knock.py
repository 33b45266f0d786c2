"""Ask whether a part of the demo is up."""

from urllib.error import URLError
from urllib.request import urlopen


def is_up(url: str) -> bool:
    """Tell whether the address (on this machine) answers with 200."""
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback URL
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
