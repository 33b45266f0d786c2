"""Static files under an address that changes with their content, so that browsers may keep them for ever."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from notifier.errors import Missing

ROOT = Path(__file__).resolve().parent / "static"
_KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".png": "image/png",
}


class Asset(Struct, frozen=True, kw_only=True):
    """One file: its bytes, media type, and the path it is served under (`/static/console.3f9a1b2c.css`)."""

    body: bytes
    media_type: str
    path: str


@lru_cache(maxsize=256)  # bounded: one file has endless names, `css/./tokens.css` is one
def load(name: str) -> Asset:
    """
    Read a file under `static/` by its relative name (`css/console.css`, `build/console.js`).

    Raises:
        Missing: there is no such file, or it is of a kind we do not serve.
    """
    try:
        file = (ROOT / name).resolve()
        body = file.read_bytes() if file.is_relative_to(ROOT) and file.suffix in _KINDS else None
    except (OSError, ValueError):  # no such file, a folder, a name no file can have
        body = None
    if body is None:
        raise Missing(f"There is no static file {name!r}.")
    stem = name.removesuffix(file.suffix)
    digest = sha256(body).hexdigest()[:10]
    return Asset(body=body, media_type=_KINDS[file.suffix], path=f"/static/{stem}.{digest}{file.suffix}")


def url(name: str) -> str:
    """Return the address of a static file; a template that names a missing one fails when it is rendered."""
    return load(name).path


def served(path: str) -> Asset:
    """
    Return the file behind the part of an address after `/static/`, whatever digest it carries.

    Raises:
        Missing: there is no such file.
    """
    stem, _, suffix = path.rpartition(".")
    return load(f"{stem.rpartition('.')[0]}.{suffix}")
