"""Publish the journeys on disk: a changed text becomes the next version, a missing file retires its journey."""

from hashlib import sha256
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from notifier.errors import Misconfigured
from notifier.journeys.models import JourneyVersion
from notifier.journeys.rules import check

_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('journeys.publish'))")


def publish(db: Session, directory: Path) -> list[tuple[str, int]]:
    """
    Publish every `journeys/*.yaml` under the templates' directory; return what is new as (journey, version).

    Running runs go on with the version they began with. A journey whose file came back gets a version of its own.

    Raises:
        Misconfigured: listing everything that is wrong; then nothing is published.
    """
    if problems := check.check(directory):
        raise Misconfigured("\n".join(["The journeys are not in order:", *(str(problem) for problem in problems)]))
    db.execute(_ALONE)
    newest = {row.journey: row for row in db.scalars(select(JourneyVersion).order_by(JourneyVersion.version))}
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(directory.glob("journeys/*.yaml"))}
    published = []
    for journey, source in sources.items():
        digest = sha256(source.encode()).hexdigest()
        last = newest.get(journey)
        if last and last.digest == digest and last.retired_at is None:
            continue
        version = last.version + 1 if last else 1
        db.add(JourneyVersion(journey=journey, version=version, digest=digest, source=source))
        published.append((journey, version))
    for journey, row in newest.items():
        if journey not in sources and row.retired_at is None:
            row.retired_at = func.now()
    db.flush()
    return published
