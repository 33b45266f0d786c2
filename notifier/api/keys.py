"""Who may call: `Authorization: Bearer <key>`, looked up by hash."""

import asyncio
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from notifier.db import Database
from notifier.errors import Refused
from notifier.staff import keys

#: How long a key that was right is taken to be right; a revoked key stops within this time.
TRUSTED_SECONDS = 5
_MOST = 10_000


class WrongKey(Refused):
    """No API key was given, or one we do not know."""

    status = 401


def guard(database: Database) -> Guard:
    """Return the guard of the routes machines call; asking the database for every request would halve their pace."""
    trusted: dict[bytes, float] = {}

    async def has_key(connection: ASGIConnection[Any, Any, Any, State], handler: BaseRouteHandler) -> None:  # noqa: ARG001 - the framework gives it
        scheme, _, plain = connection.headers.get("authorization", "").partition(" ")
        plain = plain.strip()
        if scheme.lower() != "bearer" or not plain:
            raise WrongKey("Give an API key: `Authorization: Bearer <key>`. `notifier keys add` makes one.")
        hashed, now = keys.digest(plain), asyncio.get_running_loop().time()
        if trusted.get(hashed, 0) > now:
            return
        if not await asyncio.to_thread(_is_known, database, plain):
            trusted.pop(hashed, None)
            raise WrongKey("This API key is not known, or has been revoked.")
        if len(trusted) > _MOST:
            trusted.clear()
        trusted[hashed] = now + TRUSTED_SECONDS

    return has_key


def _is_known(database: Database, plain: str) -> bool:
    with database.begin() as db:
        return keys.find(db, plain) is not None
