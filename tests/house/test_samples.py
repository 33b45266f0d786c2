"""Every sample can be posted as it is served, in any order, and starts what it is there to start."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.catalog.types import TYPES
from tests.support.happenings import drain, publish_journeys, take

STARTING = (
    "invoice.upcoming",
    "payment.failed",
    "subscription.canceled",
    "feedback.requested",
    "loyalty.bonus_granted",
)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_samples_do_not_stand_in_each_others_way(db: Session, now: datetime, order: tuple[int, ...]) -> None:
    publish_journeys(db)
    samples = [kind.sample(now) for kind in TYPES.values()]
    thirds = [samples[0::3], samples[1::3], samples[2::3]]

    for place in order:
        take(db, *thirds[place], now=now)
        drain(db, now=now)

    started = set(db.execute(text("SELECT t.type FROM runs r JOIN triggers t ON t.id = r.trigger_id")).scalars())
    assert started == set(STARTING)
    assert db.execute(text("SELECT count(*) FROM runs WHERE state = 'ended'")).scalar_one() == 0


def test_a_sample_served_again_is_another_matter(db: Session, now: datetime) -> None:
    publish_journeys(db)

    for moment in (now, now + timedelta(seconds=1)):
        take(db, TYPES["payment.failed"].sample(moment), now=moment)
        drain(db, now=moment)

    assert db.execute(text("SELECT count(*) FROM runs")).scalar_one() == 2
