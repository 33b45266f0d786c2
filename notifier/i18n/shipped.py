"""Where the files that ship with the project are, in a checkout and in an installed wheel alike."""

from functools import cache
from pathlib import Path

from notifier.errors import Misconfigured

_PACKAGE = Path(__file__).resolve().parent.parent


@cache
def directory(name: str) -> Path:
    """
    Return the folder `templates` or `locales`.

    Raises:
        Misconfigured: the installation lacks it.
    """
    for candidate in (_PACKAGE.parent / name, _PACKAGE / "_shipped" / name):
        if candidate.is_dir():
            return candidate
    raise Misconfigured(f"The folder {name!r} is missing from this installation. Install the package again.")
