"""Publish the journeys of a directory: a changed text becomes the next version, a missing file retires its journey."""

from datetime import datetime
from hashlib import sha256
from pathlib import Path

from msgspec import Struct
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from notifier.errors import Misconfigured
from notifier.journeys import check
from notifier.journeys.models import JourneyVersion

_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('journeys.publish'))")


class Published(Struct, frozen=True, kw_only=True):
    """What publishing changed: names of journeys."""

    new: list[str]
    retired: list[str]


def publish(db: Session, directory: Path, *, now: datetime) -> Published:
    """
    Publish every `*.yaml` of the directory. Running runs go on with the version they began with.

    Raises:
        Misconfigured: listing everything that is wrong; then nothing is published.
    """
    problems = check.check(directory)
    if problems:
        raise Misconfigured("The journeys are not in order:\n" + "\n".join(str(problem) for problem in problems))
    db.execute(_ALONE)
    newest = {row.journey: row for row in db.scalars(select(JourneyVersion).order_by(JourneyVersion.version))}
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(directory.glob("*.yaml"))}
    new = []
    for journey, source in sources.items():
        digest = sha256(source.encode()).hexdigest()
        last = newest.get(journey)
        if last and last.digest == digest and last.retired_at is None:
            continue
        version = last.version + 1 if last else 1
        db.add(JourneyVersion(journey=journey, version=version, digest=digest, source=source, published_at=now))
        new.append(journey)
    retired = [journey for journey, row in newest.items() if journey not in sources and row.retired_at is None]
    for journey in retired:
        newest[journey].retired_at = now
    db.flush()
    return Published(new=new, retired=retired)
