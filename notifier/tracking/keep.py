"""Keep verified callbacks as they came, those of a commit in sets, and wake those who apply them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct
from sqlalchemy.orm import Session

from notifier import db as database
from notifier.providers.contract import Hook
from notifier.tracking import pending


class Verified(Struct, frozen=True, kw_only=True):
    """One callback whose signature was right."""

    provider: str
    kind: Literal["status", "inbound"]
    hook: Hook


_SET = 125
"""What the callbacks of a set weigh before one of another begins: a commit at full pace has some 120, and workers share
what came at once."""


def keep(db: Session, hooks: Sequence[Verified]) -> None:
    """Append the callbacks to be applied soon, and ring `hooks`."""
    pending.put(db, _sets(hooks))
    database.ring(db, "hooks")


def _sets(hooks: Iterable[Verified]) -> list[pending.Together]:
    sets: dict[tuple[str, str, int], list[Hook]] = defaultdict(list)
    before: Counter[tuple[str, str]] = Counter()
    for given in hooks:
        whose = given.kind, given.provider
        sets[*whose, before[whose] // _SET].append(given.hook)
        before[whose] += pending.weight(given.hook.body)
    return [pending.Together(kind, provider, together) for (kind, provider, _), together in sets.items()]
