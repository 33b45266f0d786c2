"""Asked-for moves of the business clock: the console asks, the demo's timekeeper performs, both see how far it is."""

from datetime import datetime, timedelta

from sqlalchemy import Index, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.types import DateTime

from notifier.clock import business_now, machine_now
from notifier.db import Base
from notifier.errors import Conflict, Refused

LONGEST = timedelta(days=400)


class AlreadyMoving(Conflict):
    """The clock is being moved; the next move can be asked for when it has arrived."""


class NoSuchMove(Refused):
    """The clock only goes forward, and by no more than `LONGEST` at once."""


class ClockMove(Base):
    """One wish to be further on in business time; performed from due instant to due instant, never in one jump."""

    __tablename__ = "clock_moves"
    __table_args__ = (Index("ix_clock_moves_open", "id", postgresql_where="done_at IS NULL"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    target: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Business time to arrive at."""
    from_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Business time when it was asked for."""
    now_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Business time reached so far."""
    requested_by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    """Machine time."""
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Machine time of arrival, or of giving up."""
    error: Mapped[str] = mapped_column(Text, default="")

    @property
    def share(self) -> float:
        """How much of the way is done, 0 to 1."""
        way = (self.target - self.from_at) / timedelta(seconds=1)
        return min(1.0, max(0.0, (self.now_at - self.from_at) / timedelta(seconds=1) / way)) if way else 1.0


def request(db: Session, by: timedelta, staff: str) -> ClockMove:
    """
    Ask for the clock to be moved `by`; `staff` says who asked.

    Raises:
        AlreadyMoving: an earlier move is still under way.
        NoSuchMove: it would go back, or too far.
    """
    if not timedelta() < by <= LONGEST:
        raise NoSuchMove("The clock moves forward, by at most 400 days at once.")
    # Two people may press the button in the same moment; the second waits here and then finds the first one's row.
    db.execute(select(func.pg_advisory_xact_lock(func.hashtext("clock_moves"))))
    if pending(db) is not None:
        raise AlreadyMoving("The clock is being moved already. Wait until it has arrived.")
    now = business_now(db)
    move = ClockMove(target=now + by, from_at=now, now_at=now, requested_by=staff)
    db.add(move)
    db.flush()
    return move


def pending(db: Session) -> ClockMove | None:
    """Return the move under way, if there is one."""
    return db.scalar(select(ClockMove).where(ClockMove.done_at.is_(None)).order_by(ClockMove.id).limit(1))


def given_up(db: Session) -> ClockMove | None:
    """Return the newest move if it did not arrive; its `error` says why."""
    newest = db.scalar(select(ClockMove).order_by(ClockMove.id.desc()).limit(1))
    return newest if newest is not None and newest.error else None


def progress(db: Session, move_id: int, *, at: datetime) -> None:
    """Say how far it is: `at` is business time."""
    move = db.get_one(ClockMove, move_id)
    move.now_at = at
    db.flush()


def finish(db: Session, move_id: int, *, error: str = "") -> None:
    """Close a move: arrived, or (with `error`, in words for staff) given up where it is."""
    move = db.get_one(ClockMove, move_id)
    move.done_at = machine_now(db)
    move.error = error
    if not error:
        move.now_at = move.target
    db.flush()
