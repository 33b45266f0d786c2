"""What an inbound text is taken for, pure: a keyword, a survey answer, or a conversation; the first that fits."""

from typing import Literal

from msgspec import Struct

from notifier.providers.contract import Inbound
from notifier.replies.keywords import keyword
from notifier.surveys.read import read
from notifier.surveys.score import SCALES

TakenAs = Literal["stop", "start", "help", "answer", "conversation", "automatic"]

_ASKED: dict[str, TakenAs] = {"stop": "stop", "start": "start", "help": "help"}


class Taken(Struct, frozen=True, kw_only=True):
    """The verdict on one text, with the reason support will read."""

    taken_as: TakenAs
    reason: str
    score: int | None = None
    comment: str = ""


def decide(inbound: Inbound, words: str, *, question: str | None) -> Taken:
    """
    Decide what `words` (the text without quotations) are; `question` is that of the survey open to the sender, if any.

    A stop word beats everything, also a survey: whoever wants out gets out.
    """
    if inbound.is_automatic:
        return Taken(taken_as="automatic", reason="automatic-reply")
    if inbound.keyword in _ASKED:
        # The provider has recognised it and answered it (Twilio, "Customizing Advanced Opt-Out").
        return Taken(taken_as=_ASKED[inbound.keyword], reason=f"provider-{inbound.keyword}")
    said = keyword(words)
    if said:
        return Taken(taken_as=said.meaning, reason=f"keyword-{said.word.replace(' ', '-')}")
    if question is None:
        return Taken(taken_as="conversation", reason="no-open-question")
    if question not in SCALES:
        return Taken(taken_as="answer", reason="own-words", comment=words)
    reading = read(words, question)
    if reading.score is None:
        return Taken(taken_as="conversation", reason=reading.reason)
    return Taken(taken_as="answer", reason=reading.reason, score=reading.score, comment=reading.comment)
