"""One customer's story, newest first: what happened, what was sent or not, what came back."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.errors import Invalid

PAGE = 40

Kind = Literal["trigger", "message", "consent", "answer", "reply"]
#: Of things at one instant the effect is newer than its cause: a higher rank comes first.
_RANK: dict[str, int] = {"trigger": 0, "message": 1, "consent": 2, "answer": 3, "reply": 4}


class Entry(Struct, frozen=True, kw_only=True):
    """One thing on the line; `facts` are the row's columns that its kind shows."""

    kind: Kind
    id: str
    at: datetime
    """Business time."""
    facts: dict[str, Any]


class Line(Struct, frozen=True, kw_only=True):
    """A stretch of the timeline and the cursor of the older part, if there is one."""

    entries: list[Entry]
    older: str | None = None


class Place(Struct, frozen=True, array_like=True):
    """Where a stretch ended."""

    at: datetime
    rank: int
    id: str


def timeline(db: Session, customer_id: str, *, before: str = "", limit: int = PAGE) -> Line:
    """
    Return at most `limit` entries older than the cursor `before`.

    Each kind is read through its own (customer, time) index, so the cost does not grow with the history.

    Raises:
        Invalid: the cursor is none of ours.
    """
    place = _place(before) if before else None
    entries: list[Entry] = []
    for kind in _RANK:
        entries += _read(db, kind, customer_id, place, limit + 1)
    entries.sort(key=lambda entry: (entry.at, _RANK[entry.kind], _order(entry)), reverse=True)
    older = _cursor(entries[limit - 1]) if len(entries) > limit else None
    return Line(entries=entries[:limit], older=older)


def _read(db: Session, kind: str, customer_id: str, place: Place | None, limit: int) -> list[Entry]:
    source = _SOURCES[kind]
    given: dict[str, Any] = {"customer_id": customer_id, "limit": limit}
    older = ""
    if place is not None:
        given |= {"at": place.at, "id": place.id}
        older = _older(kind, place.rank, source.at, source.id_type)
        if _RANK[kind] != place.rank:
            del given["id"]
    number = f"{source.table.split()[0]}.id"  # `id` alone would be the text
    sql = (
        f"SELECT CAST(id AS text) AS id, {source.at} AS at, {source.columns} FROM {source.table} "  # noqa: S608 - our own words only
        f"WHERE customer_id = :customer_id {older} ORDER BY {source.at} DESC, {number} DESC LIMIT :limit"
    )
    return [
        Entry(kind=kind, id=row.pop("id"), at=row.pop("at"), facts=row)  # type: ignore[arg-type]  # kind is a key of _RANK
        for row in map(dict, db.execute(text(sql), given).mappings())
    ]


def _older(kind: str, rank: int, at: str, id_type: str) -> str:
    if _RANK[kind] < rank:
        return f"AND {at} <= :at"
    if _RANK[kind] > rank:
        return f"AND {at} < :at"
    return f"AND ({at}, id) < (:at, CAST(:id AS {id_type}))"


def _order(entry: Entry) -> tuple[int, str]:
    return (len(entry.id), entry.id)


def _cursor(entry: Entry) -> str:
    packed = msgspec.json.encode(Place(entry.at, _RANK[entry.kind], entry.id))
    return urlsafe_b64encode(packed).decode().rstrip("=")


def _place(cursor: str) -> Place:
    try:
        return msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=Place)
    except (ValueError, msgspec.DecodeError) as error:
        raise Invalid(
            "That page of the timeline does not exist.", {"before": "Start from the newest entry."}
        ) from error


class _Source(Struct, frozen=True, kw_only=True):
    table: str
    at: str
    columns: str
    id_type: str = "bigint"


_SOURCES = {
    "trigger": _Source(
        # One by one, whatever the statistics of the small tables say of joining them.
        table="triggers LEFT JOIN LATERAL "
        "(SELECT error, decisions FROM handled_triggers WHERE trigger_id = triggers.id OFFSET 0) AS handled ON true "
        "LEFT JOIN LATERAL "
        "(SELECT decisions FROM pending_triggers AS p WHERE p.customer_id = triggers.customer_id "
        "AND p.time = triggers.time AND p.trigger_id = triggers.id OFFSET 0) AS pending ON true",
        at="time",
        columns="type, data, coalesce(error, '') AS error, "
        "coalesce(handled.decisions, pending.decisions, '[]') AS decisions, "
        "CASE WHEN error <> '' THEN 'failed' WHEN error = '' THEN 'done' ELSE 'pending' END AS state",
    ),
    "message": _Source(
        table="messages",
        at="created_at",
        columns="channel, address, topic, journey, step, template, reason, engagement, due_at, sent_at, run_id, "
        "CASE WHEN state IN ('planned', 'queued') AND NOT EXISTS "
        "(SELECT FROM due_messages d WHERE d.message_id = messages.id) THEN 'sending' ELSE state END AS state",
        id_type="uuid",
    ),
    "consent": _Source(table="consents", at="at", columns="topic, channel, granted, evidence"),
    "answer": _Source(table="answers", at="given_at", columns="survey, question, score, comment, source, changed_at"),
    "reply": _Source(table="replies", at="at", columns="channel, text, taken_as, reason, in_reply_to"),
}
