"""A survey's question: a link preselects a score, only the person's own press of the button gives it."""

from litestar import Response, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, RawBody
from litestar.response import Redirect

from notifier import clock
from notifier.api.parts import Parts
from notifier.portal.page import Asked, form, headers, page
from notifier.portal.subject import Subject, UnknownLink, resolve
from notifier.surveys import answer
from notifier.surveys.score import SCALES
from notifier.tracking.visit import visited


def handlers(parts: Parts) -> list[HTTPRouteHandler]:
    """Return `/m/{token}/survey`."""

    @route("/{token:str}/survey", http_method=["GET", "HEAD"], sync_to_thread=True)
    def ask(
        request: Asked, token: FromPath[str], score: FromQuery[str] = "", given: FromQuery[str] = ""
    ) -> Response[str]:
        with parts.database.begin() as db:
            subject, survey, question = asked(resolve(db, parts.secret, token))
            if request.method == "GET":
                visited(db, subject.message_id, page="survey", now=clock.business_now(db))
            known = answer.given(db, subject.customer_id, survey)
            had = (known.score, known.comment) if known else (None, "")
        # Mail scanners follow every link: an address with a score in it shows the question, and keeps nothing.
        chosen = _number(score) if score else had[0]
        is_done = bool(given) and known is not None
        name = "survey_thanks.html" if is_done else "survey.html"
        return page(parts, name, subject, token=token, question=question, chosen=chosen, comment=had[1], error=False)

    @post("/{token:str}/survey", sync_to_thread=True)
    def give(token: FromPath[str], body: RawBody) -> Response[str] | Redirect:
        said = form(body)
        score, comment = _number(said.get("score", "")), said.get("comment", "")
        with parts.database.begin() as db:
            subject, survey, question = asked(resolve(db, parts.secret, token))
            is_complete = bool(comment.strip()) if question not in SCALES else _is_on(score, question)
            if is_complete:
                answer.record(
                    db,
                    subject.customer_id,
                    survey=survey,
                    question=question,
                    score=score,
                    comment=comment,
                    source="portal",
                    message_id=subject.message_id,
                    now=clock.business_now(db),
                )
        if is_complete:
            return Redirect(f"/m/{token}/survey?given=1", status_code=303, headers=headers())
        context = {"question": question, "chosen": score, "comment": comment, "error": True}
        return page(parts, "survey.html", subject, token=token, status_code=422, **context)

    return [ask, give]


def asked(subject: Subject) -> tuple[Subject, str, str]:
    """
    Return the subject with the survey's id and kind of question.

    Raises:
        UnknownLink: the message asks nothing.
    """
    survey = subject.data.get("survey")
    if not isinstance(survey, dict) or not survey.get("id"):
        raise UnknownLink("This message asks nothing.")
    return subject, str(survey["id"]), str(survey.get("question") or "nps")


def _is_on(score: int | None, question: str) -> bool:
    lowest, highest = SCALES[question]
    return score is not None and lowest <= score <= highest


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else None
