"""The first page: whose phones and mailboxes there are, newest message first."""

from typing import Annotated

from litestar import Response, Router, get
from litestar.params import FromQuery, HeaderParameter
from msgspec import Struct

from notifier.sandbox.records import Message
from notifier.sandbox.stage import Stage
from notifier.sandbox.web.render import page

SHOWN = 60

Language = Annotated[str, HeaderParameter(name="Accept-Language")]


class Person(Struct, frozen=True):
    """One line: an address and the last text that went either way."""

    address: str
    last: Message
    count: int


def people(stage: Stage) -> Router:
    """Build the first page."""

    @get("/")
    async def index(language: Language = "en", q: FromQuery[str] = "") -> Response[str]:
        phones, mailboxes = _found(stage, q.strip().lower())
        every = stage.store.by_person
        return page(
            "people",
            language,
            phones=phones,
            mailboxes=mailboxes,
            q=q,
            phone_count=sum(not is_mailbox(address) for address in every),
            mailbox_count=sum(is_mailbox(address) for address in every),
            shown=SHOWN,
            faults={name: value for name, value in stage.faults.ordered.items() if value and name not in _QUIET},
        )

    return Router(path="/", route_handlers=[index])


def is_mailbox(address: str) -> bool:
    return "@" in address


_QUIET = frozenset({"retry_after", "hang_seconds"})


def _found(stage: Stage, wanted: str) -> tuple[list[Person], list[Person]]:
    phones: dict[str, Person] = {}
    mailboxes: dict[str, Person] = {}
    for message in reversed(stage.store.messages.values()):
        address = message.person
        among = mailboxes if message.channel == "email" else phones
        if address in among or len(among) >= SHOWN:
            if len(phones) >= SHOWN and len(mailboxes) >= SHOWN:
                break
            continue
        if wanted and wanted not in f"{address} {message.subject} {message.text}".lower():
            continue
        theirs = stage.store.by_person[address]
        among[address] = Person(address, theirs[-1], len(theirs))
    return list(phones.values()), list(mailboxes.values())
