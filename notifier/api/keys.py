"""Who may call: `Authorization: Bearer <key>`, looked up by hash."""

import asyncio
from datetime import timedelta
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from notifier.db import Database
from notifier.errors import Refused
from notifier.staff import keys

TRUSTED = timedelta(seconds=5)
"""How long a key that was right is taken to be right; a revoked key stops within this time."""
_MOST = 10_000


class WrongKey(Refused):
    """No API key was given, or one we do not know."""

    status = 401


class Keys:
    """The keys of those who call; asking the database for every request would halve their pace."""

    def __init__(self, database: Database, trusted: timedelta = TRUSTED) -> None:
        """`trusted`: how long a key that was right is taken to be right without asking again."""
        self._database = database
        self._seconds = trusted.total_seconds()
        self._trusted: dict[bytes, float] = {}
        self._asked: dict[bytes, asyncio.Task[bool]] = {}

    async def check(self, authorization: str) -> None:
        """
        Let pass who gives a right key in their `Authorization` header.

        Raises:
            WrongKey: it holds none, or one that is not known or was revoked `trusted` ago.
        """
        scheme, _, plain = authorization.partition(" ")
        plain = plain.strip()
        if scheme.lower() != "bearer" or not plain:
            raise WrongKey("Give an API key: `Authorization: Bearer <key>`. `notifier keys add` makes one.")
        hashed, now = keys.digest(plain), asyncio.get_running_loop().time()
        if self._trusted.get(hashed, 0) > now:
            return
        if not await self._is_known(hashed, plain):
            self._trusted.pop(hashed, None)
            raise WrongKey("This API key is not known, or has been revoked.")
        if len(self._trusted) > _MOST:
            self._trusted.clear()
        self._trusted[hashed] = now + self._seconds

    async def _is_known(self, hashed: bytes, plain: str) -> bool:
        # Hundreds of requests find their key's time run out at the same moment: one of them asks for all.
        asked = self._asked.get(hashed)
        if asked is None:
            asked = self._asked[hashed] = asyncio.create_task(asyncio.to_thread(_is_known, self._database, plain))
            asked.add_done_callback(lambda _: self._asked.pop(hashed, None))
        return await asyncio.shield(asked)


def guard(known: Keys) -> Guard:
    """Return the guard of the routes machines call."""

    async def has_key(connection: ASGIConnection[Any, Any, Any, State], handler: BaseRouteHandler) -> None:  # noqa: ARG001 - the framework gives it
        await known.check(connection.headers.get("authorization", ""))

    return has_key


def _is_known(database: Database, plain: str) -> bool:
    with database.begin() as db:
        return keys.find(db, plain) is not None
