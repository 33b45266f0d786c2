"""Two clocks: one that can be moved, one that never is."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from notifier import clock
from notifier.clock import ClockGoesForward

SOON = timedelta(seconds=5)


def test_business_time_is_machine_time_until_it_is_moved(db: Session) -> None:
    assert abs(clock.business_now(db) - clock.machine_now(db)) < SOON


def test_a_moved_clock_goes_on_from_there_and_machine_time_does_not_move(db: Session) -> None:
    before = clock.machine_now(db)

    clock.move_to(db, before + timedelta(days=31))

    assert abs(clock.business_now(db) - before - timedelta(days=31)) < SOON
    assert abs(clock.machine_now(db) - before) < SOON


def test_the_clock_never_goes_back(db: Session) -> None:
    clock.move_to(db, clock.machine_now(db) + timedelta(days=2))

    with pytest.raises(ClockGoesForward):
        clock.move_to(db, clock.machine_now(db) + timedelta(days=1))


def test_a_moment_just_gone_moves_nothing(db: Session) -> None:
    now = clock.business_now(db)

    clock.move_to(db, now - timedelta(seconds=10))

    assert clock.business_now(db) >= now


def test_a_business_begins_once(db: Session) -> None:
    start = clock.machine_now(db) - timedelta(days=40)
    clock.begin_at(db, start)

    clock.begin_at(db, start - timedelta(days=100))

    assert abs(clock.business_now(db) - start) < SOON
