"""Answers to surveys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import DateTime

from notifier.db import Base


class Answer(Base):
    """A customer's answer to one survey; a later answer replaces score and comment, `given_at` stays the first."""

    __tablename__ = "answers"
    __table_args__ = (
        Index("uq_answers_survey_customer", "customer_id", "survey", unique=True),
        CheckConstraint("score BETWEEN 0 AND 10", name="score"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text)
    survey: Mapped[str] = mapped_column(Text)
    """`data.survey.id` of the trigger that asked."""
    question: Mapped[str] = mapped_column(Text)
    """`nps`, `csat`, `ces` or `cancel-reason`."""
    message_id: Mapped[UUID | None]
    score: Mapped[int | None] = mapped_column(SmallInteger)
    comment: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(Text)
    """`portal`, `sms`, `whatsapp`, `email`."""
    given_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
