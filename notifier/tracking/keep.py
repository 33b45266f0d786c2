"""Keep verified callbacks as they came, many in one statement, and wake those who apply them."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.json import encode
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from notifier import db as database
from notifier.providers.contract import Hook


class Verified(Struct, frozen=True, kw_only=True):
    """One callback whose signature was right."""

    provider: str
    kind: Literal["status", "inbound"]
    hook: Hook


_COLUMNS = {"provider": "text", "kind": "text", "url": "text", "headers": "jsonb", "body": "bytea"}


def keep(db: Session, hooks: Sequence[Verified]) -> None:
    """Append the callbacks to be applied soon, and ring `hooks`."""
    rows = (
        (given.provider, given.kind, given.hook.url, Jsonb(_storable(given.hook.headers), encode), given.hook.body)
        for given in hooks
    )
    database.copy(db, "hooks", list(_COLUMNS), rows, types=list(_COLUMNS.values()))
    database.ring(db, "hooks")


def _storable(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value.replace("\0", "") for name, value in headers.items()}  # valid in JSON, but not in JSONB
