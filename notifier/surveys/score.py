"""What many answers say together: NPS, CSAT and CES, with how far they can be trusted."""

from collections.abc import Iterable
from math import sqrt
from typing import Literal

from msgspec import Struct

Question = Literal["nps", "csat", "ces", "cancel-reason"]

#: The scale of each question, both ends included. `cancel-reason` has none: it is answered in words.
SCALES: dict[str, tuple[int, int]] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}


class Score(Struct, frozen=True, kw_only=True):
    """
    One figure from `count` answers.

    NPS: % of 9–10 minus % of 0–6, from −100 to 100. CSAT: % of 4–5. CES: % of 5–7. `margin` is one standard error, in
    the same points.
    """

    question: str
    count: int
    value: float
    margin: float


def score(question: str, answers: Iterable[int]) -> Score | None:
    """Return the figure for a question's answers, or None when nobody has answered or it has no figure."""
    given = list(answers)
    if not given or question not in SCALES:
        return None
    count = len(given)
    if question == "nps":
        for_us = sum(answer >= 9 for answer in given) / count
        against = sum(answer <= 6 for answer in given) / count
    else:
        for_us = sum(answer >= {"csat": 4, "ces": 5}[question] for answer in given) / count
        against = 0.0
    spread = max(0.0, for_us + against - (for_us - against) ** 2)
    return Score(question=question, count=count, value=100 * (for_us - against), margin=100 * sqrt(spread / count))


def group(answer: int) -> Literal["promoter", "passive", "detractor"]:
    """Return which of the three NPS groups an answer belongs to."""
    return "promoter" if answer >= 9 else "passive" if answer >= 7 else "detractor"
