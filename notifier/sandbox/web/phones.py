"""A phone as its owner holds it: SMS and WhatsApp, an answer box, and buttons that can be tapped."""

from typing import Any, Literal
from urllib.parse import quote

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect

from notifier.errors import Invalid
from notifier.sandbox.outcomes import Outcome
from notifier.sandbox.stage import Stage
from notifier.sandbox.twilio import status
from notifier.sandbox.web.answers import Answer, answer
from notifier.sandbox.web.people import Language
from notifier.sandbox.web.render import page

SHOWN = 100
ENDINGS: tuple[Outcome, ...] = ("delivered", "undelivered", "failed", "sent-only", "invalid", "opted-out")

Form = URLEncodedBody[dict[str, Any]]
OnPhone = Literal["sms", "whatsapp"]


def phones(stage: Stage) -> Router:
    """Build the pages below `/phones`."""

    @get("/{number:str}")
    async def show(
        number: FromPath[str], language: Language = "en", channel: FromQuery[OnPhone | None] = None
    ) -> Response[str]:
        return _phone(stage, number, language, channel or _newest(stage, number))

    @post("/{number:str}/answers", status_code=200)
    async def write(number: FromPath[str], data: Form, language: Language = "en") -> Response[str] | Redirect:
        channel: OnPhone = "whatsapp" if data.get("channel") == "whatsapp" else "sms"
        given = Answer(
            channel=channel,
            person=number,
            business=str(data.get("to", "")),
            text=str(data.get("text", "")),
            button=str(data.get("button", "")),
            in_reply_to=str(data.get("in_reply_to", "")),
        )
        try:
            answer(stage, given)
        except Invalid as problem:
            return _phone(stage, number, language, channel, problem=problem)
        return _back(number, channel)

    @post("/{number:str}/outcome", status_code=200)
    async def behave(number: FromPath[str], data: Form) -> Redirect:
        outcome = data.get("outcome")
        stage.store.note("outcomes", number, (outcome, None) if outcome in ENDINGS else None)
        return _back(number, "whatsapp" if data.get("channel") == "whatsapp" else "sms")

    return Router(path="/phones", route_handlers=[show, write, behave])


def _phone(
    stage: Stage, number: str, language: str, channel: OnPhone, *, problem: Invalid | None = None
) -> Response[str]:
    thread = stage.store.thread(number, channel)
    for message in thread[-SHOWN:]:
        status.read(stage, message)
    return page(
        "phone",
        language,
        status=422 if problem else 200,
        number=number,
        channel=channel,
        counts={one: len(stage.store.thread(number, one)) for one in ("sms", "whatsapp")},
        bubbles=thread[-SHOWN:][::-1],
        business=thread[-1].business if thread else "",
        outcome=(stage.store.noted("outcomes", number) or ("",))[0],
        usual=stage.ending(channel, number).outcome,
        endings=ENDINGS,
        is_opted_out=bool(thread) and stage.store.noted("opt-outs", f"{number} {thread[-1].business}") is not None,
        problem=problem,
    )


def _newest(stage: Stage, number: str) -> OnPhone:
    theirs = stage.store.by_person.get(number)
    return "whatsapp" if theirs and theirs[-1].channel == "whatsapp" else "sms"


def _back(number: str, channel: str) -> Redirect:
    return Redirect(f"/phones/{quote(number)}?channel={channel}", status_code=303)
