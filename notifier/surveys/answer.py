"""Keep a customer's answer to a survey; a later one replaces it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from notifier.errors import Invalid
from notifier.surveys.models import Answer
from notifier.surveys.score import SCALES

COMMENT_LENGTH = 2000

_RECORD = text("""
    INSERT INTO answers (customer_id, survey, question, message_id, score, comment, source, given_at, changed_at)
    VALUES (:customer_id, :survey, :question, :message_id, :score, coalesce(:comment, ''), :source, :now, :now)
    ON CONFLICT (customer_id, survey) DO UPDATE SET
        score = excluded.score, comment = coalesce(:comment, answers.comment), source = excluded.source,
        message_id = coalesce(excluded.message_id, answers.message_id), changed_at = excluded.changed_at
""")


class NotOnTheScale(Invalid):
    """The score is not one the question offers."""


def record(
    db: Session,
    customer_id: str,
    *,
    survey: str,
    question: str,
    score: int | None,
    comment: str | None,
    source: str,
    message_id: UUID | None,
    now: datetime,
) -> None:
    """
    Store the answer, or change the one there is; `comment=None` leaves an earlier comment as it was.

    Raises:
        NotOnTheScale: the question has no such score.
    """
    scale = SCALES.get(question)
    if scale and (score is None or not scale[0] <= score <= scale[1]):
        raise NotOnTheScale("That is not on the scale.", {"score": f"choose a number from {scale[0]} to {scale[1]}"})
    values = {
        "customer_id": customer_id,
        "survey": survey,
        "question": question,
        "message_id": message_id,
        "score": score if scale else None,
        "comment": None if comment is None else comment.replace("\x00", "").strip()[:COMMENT_LENGTH],
        "source": source,
        "now": now,
    }
    db.execute(_RECORD, values)


def given(db: Session, customer_id: str, survey: str) -> Answer | None:
    """Return what the customer has answered to this survey so far."""
    return db.scalar(select(Answer).where(Answer.customer_id == customer_id, Answer.survey == survey))
