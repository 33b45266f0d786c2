"""Pull a brake, and release it; refuse in words what makes no sense."""

from collections.abc import Collection, Mapping

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from notifier.brakes.models import KINDS, Brake
from notifier.clock import machine_now
from notifier.consent.models import TOPICS
from notifier.db import ring
from notifier.errors import Conflict, Invalid

LONGEST_REASON = 500
HISTORY = 50

_JOURNEYS = text("SELECT DISTINCT journey FROM journey_versions ORDER BY journey")
# What another brake still holds is set aside again by the first claim that meets it.
_GO_ON = text("UPDATE due_messages SET lane = substr(lane, 6) WHERE lane IN ('held-bulk', 'held-transactional')")


def targets(db: Session, providers: Collection[str]) -> dict[str, list[str]]:
    """Return what each kind of brake can be pulled for; `providers`: the names of those configured here."""
    journeys = list(db.execute(_JOURNEYS).scalars())
    return {"everything": [""], "provider": sorted(providers), "journey": journeys, "topic": list(TOPICS)}


def pulled(db: Session) -> list[Brake]:
    """Return the brakes that hold now, the newest first."""
    return list(db.scalars(select(Brake).where(Brake.released_at.is_(None)).order_by(Brake.id.desc())))


def released(db: Session) -> list[Brake]:
    """Return the latest brakes that hold no more."""
    past = select(Brake).where(Brake.released_at.is_not(None)).order_by(Brake.released_at.desc()).limit(HISTORY)
    return list(db.scalars(past))


def pull(db: Session, kind: str, name: str, *, who: str, why: str, known: Mapping[str, Collection[str]]) -> Brake:
    """
    Stop what the brake is for: from this transaction's commit on nobody claims a message of it.

    Calls that are out end as any other. Messages wait; one released after it has expired is not sent.

    Raises:
        Invalid: there is no such thing, or no reason is given.
        Conflict: that brake is pulled already.
    """
    name = name.strip() if kind != "everything" else ""
    if kind not in KINDS:
        raise Invalid("There is no such brake.", {"kind": f"Choose one of {', '.join(KINDS)}."})
    if name not in known[kind]:
        there = ", ".join(sorted(known[kind])) or "none"
        raise Invalid(f"There is no {kind} {name!r}.", {"name": f"Known here: {there}."})
    if not why.strip():
        raise Invalid("A brake needs a reason.", {"why": "Say why, for whoever finds it pulled."})
    if held := _holding(db, kind, name):
        raise Conflict(f"It is pulled already, by {held.pulled_by}: {held.why}")
    brake = Brake(kind=kind, name=name, pulled_by=who, why=why.strip()[:LONGEST_REASON].replace("\0", ""))
    db.add(brake)
    db.flush()
    return brake


def release(db: Session, kind: str, name: str, *, who: str) -> Brake:
    """
    Let it go on: what waited is claimed again at once.

    Raises:
        Conflict: that brake is not pulled.
    """
    brake = _holding(db, kind, name.strip() if kind != "everything" else "")
    if brake is None:
        raise Conflict("That brake is not pulled. `notifier brakes` shows those that are.")
    brake.released_by, brake.released_at = who, machine_now(db)
    # Waits for every claim that has seen the brake pulled: what such a claim sets aside is found below.
    db.flush()
    db.execute(_GO_ON)
    for lane in ("transactional", "bulk"):
        ring(db, lane)
    return brake


def _holding(db: Session, kind: str, name: str) -> Brake | None:
    standing = select(Brake).where(Brake.kind == kind, Brake.name == name, Brake.released_at.is_(None))
    return db.scalars(standing.with_for_update()).first()
