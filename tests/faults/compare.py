"""What the sink took, held against the ledger: lost, twice, and how everything unknown was settled."""

from collections import Counter, defaultdict
from collections.abc import Collection
from typing import Any

from msgspec import Struct, field
from sqlalchemy import text

from notifier.db import Database

ENDS = {"sent", "delivered"}
NOT_REACHED = {"failed", "undelivered", "skipped"}
"""Of a journey's first channel: the customer is not on WhatsApp, or has no phone."""

_MESSAGES = text("""
    SELECT m.id, t.event_id AS incident, m.channel, m.state, m.reason
    FROM messages m JOIN triggers t ON t.id = m.trigger_id
""")
_ATTEMPTS = text("SELECT id, message_id, state, reason, ref, evidence_until FROM attempts")
_FOUND = text("""
    SELECT m.id, d->>'reason' FROM messages m, jsonb_array_elements(m.decisions) d
    WHERE d->>'reason' IN ('found-at-provider', 'not-at-provider', 'no-evidence', 'tries-used-up')
""")
_ASIDE = text("SELECT kind || ': ' || error FROM hooks WHERE error <> ''")
_REPORTED = text("SELECT DISTINCT attempt_id FROM events WHERE attempt_id IS NOT NULL")


class Verdict(Struct):
    """Each list names what is wrong; `unknown` counts how calls without an answer were settled."""

    messages: int
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    """The sink has what no ledger row asked for, or under another name than the ledger."""
    unexplained: list[str] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.strange or self.unexplained)

    def complaints(self) -> list[str]:
        return [*self.lost[:20], *self.doubled[:20], *self.strange[:20], *self.unexplained[:20]]

    def __str__(self) -> str:
        reasons = ", ".join(f"{reason} {many}" for reason, many in self.unknown.most_common())
        return (
            f"{self.messages:,} taken, lost {len(self.lost)}, doubled {len(self.doubled)}, "
            f"unknown {sum(self.unknown.values())} ({reasons or 'none'}), unexplained {len(self.unexplained)}"
        )


def compare(database: Database, taken: list[dict[str, Any]], wanted: Collection[str]) -> Verdict:
    """Compare the sink's record with the ledger; `wanted` are the incidents each of which must reach its customer."""
    with database.begin() as db:
        messages = {str(row.id): row for row in db.execute(_MESSAGES)}
        attempts = {str(row.id): row for row in db.execute(_ATTEMPTS)}
        found: dict[str, set[str]] = defaultdict(set)
        for ident, reason in db.execute(_FOUND):
            found[str(ident)].add(reason)
        reported = {str(ident) for ident in db.execute(_REPORTED).scalars()}
        aside = list(db.execute(_ASIDE).scalars())
    verdict = Verdict(messages=len(taken), lost=[f"callback set aside, {one}" for one in aside])
    by_message: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in taken:
        attempt = attempts.get(one["attempt_id"])
        if attempt is None:
            verdict.strange.append(f"no attempt {one['attempt_id']} for {one['channel']} to {one['to']}")
            continue
        by_message[str(attempt.message_id)].append(one)
        if attempt.ref != one["provider_id"].partition(".")[0]:
            verdict.strange.append(f"attempt {attempt.id} ({attempt.state}) is {one['provider_id']}, not {attempt.ref}")
    verdict.doubled += [f"{messages[ident]}: {len(got)} times" for ident, got in by_message.items() if len(got) > 1]
    _reach(verdict, messages, by_message, wanted)
    _explain(verdict, attempts, found, reported)
    return verdict


def _reach(verdict: Verdict, messages: dict[str, Any], by_message: dict[str, Any], wanted: Collection[str]) -> None:
    reached: Counter[str] = Counter()
    for ident, row in messages.items():
        got = by_message.get(ident, [])
        if row.state in ENDS and not got:
            verdict.lost.append(f"{row}: nothing was taken")
        elif row.state not in ENDS | NOT_REACHED:
            verdict.lost.append(f"{row}: came to no end")
        reached[row.incident] += sum(one["status"] not in {"failed", "undelivered"} for one in got)
    verdict.lost += [f"{incident}: nobody was told" for incident in wanted if not reached[incident]]
    verdict.doubled += [f"{incident}: told {many} times" for incident, many in reached.items() if many > 1]


def _explain(verdict: Verdict, attempts: dict[str, Any], found: dict[str, set[str]], reported: set[str]) -> None:
    """Name what settled each attempt that ever was unknown."""
    for ident, row in attempts.items():
        if row.state in {"unknown", "calling"}:
            verdict.unexplained.append(f"attempt {ident} is still {row.state} ({row.reason})")
        elif row.evidence_until is None:
            continue
        elif row.state in {"lost", "handed-back", "not-sent"}:
            verdict.unknown[row.reason] += 1
            if row.state == "lost" and row.reason not in found[str(row.message_id)]:
                verdict.unexplained.append(f"attempt {ident} is lost for {row.reason!r}, which no decision says")
        elif "found-at-provider" in found[str(row.message_id)]:
            verdict.unknown["found-at-provider"] += 1
        elif ident in reported:
            verdict.unknown["reported"] += 1
        elif row.ref:
            verdict.unknown["answered late"] += 1
        else:
            verdict.unexplained.append(f"attempt {ident} is {row.state}, and nothing says why")
