"""Keep verified callbacks as they came, many in one statement, and wake those who apply them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.json import encode
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from notifier import db as database
from notifier.providers.contract import Hook
from notifier.tracking import pending


class Verified(Struct, frozen=True, kw_only=True):
    """One callback whose signature was right."""

    provider: str
    kind: Literal["status", "inbound"]
    hook: Hook


_COLUMNS = {"id": "int8", "provider": "text", "kind": "text", "url": "text", "headers": "jsonb", "body": "bytea"}
_SET = 100
"""What the callbacks of a set weigh before one of another set begins: workers share what came at once."""


def keep(db: Session, hooks: Sequence[Verified]) -> None:
    """Append the callbacks to be applied soon, and ring `hooks`."""
    rows = [
        (ident, provider, kind, given.url, Jsonb(_storable(given.headers), encode), given.body)
        for (kind, provider), together in _sets(hooks)
        for ident, given in zip(_put(db, kind, provider, together), together, strict=True)
    ]
    database.copy(db, "hooks", list(_COLUMNS), rows, types=list(_COLUMNS.values()))
    database.ring(db, "hooks")


def _sets(hooks: Iterable[Verified]) -> list[tuple[tuple[str, str], list[Hook]]]:
    sets: dict[tuple[str, str, int], list[Hook]] = defaultdict(list)
    before: Counter[tuple[str, str]] = Counter()
    for given in hooks:
        whose = given.kind, given.provider
        sets[*whose, before[whose] // _SET].append(given.hook)
        before[whose] += pending.weight(given.hook.body)
    return [((kind, provider), together) for (kind, provider, _), together in sets.items()]


def _put(db: Session, kind: str, provider: str, together: Sequence[Hook]) -> list[int]:
    weight = sum(pending.weight(one.body) for one in together)
    return pending.put(db, kind, provider, many=len(together), weight=weight)


def _storable(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value.replace("\0", "") for name, value in headers.items()}  # valid in JSON, but not in JSONB
