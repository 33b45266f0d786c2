"""The figures of the first page are of the reader's days."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from notifier.history.overview import overview
from tests.support.happenings import drain, happening, publish_journeys, take


def test_a_day_is_the_readers(db: Session) -> None:
    late = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
    publish_journeys(db)
    take(db, happening("payment.failed", at=late, email="ana@example.com"), now=late)
    drain(db, now=late)

    read = {
        zone: overview(db, since=late - timedelta(days=2), zone=zone, now=late + timedelta(hours=1)).days
        for zone in ("UTC", "America/Sao_Paulo")
    }

    busy = {zone: [day.on for day in days if day.underway + day.unsent] for zone, days in read.items()}
    assert busy == {"UTC": [date(2026, 11, 20)], "America/Sao_Paulo": [date(2026, 11, 19)]}
    assert [day.on for day in read["UTC"]] == [date(2026, 11, day) for day in (18, 19, 20)]
