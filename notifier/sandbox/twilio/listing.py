"""Twilio's list of messages: newest first, by To, From and date, a page at a time."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from notifier.sandbox.records import Message
from notifier.sandbox.stage import Stage
from notifier.sandbox.twilio.errors import error
from notifier.sandbox.twilio.resource import VERSION, resource
from notifier.sandbox.wire import Reply, reply

LARGEST_PAGE = 1000


def listing(stage: Stage, query: Mapping[str, str]) -> Reply:
    """Answer `GET …/Messages.json`. `DateSent>` and `DateSent<` include their bound, as Twilio's do."""
    try:
        size = min(LARGEST_PAGE, max(1, int(query.get("PageSize", 50))))
        number = max(0, int(query.get("Page", 0)))
        since, until = _window(query)
    except ValueError:
        return error(20001)
    found = _after(_among(stage, query, since, until), query.get("PageToken", "").removeprefix("PA"))
    page = [message for _, message in zip(range(size + 1), found, strict=False)]
    more, page = len(page) > size, page[:size]
    account = stage.config.twilio_account_sid
    uri = f"/{VERSION}/Accounts/{account}/Messages.json"
    asked = {name: value for name, value in query.items() if name not in {"Page", "PageToken", "PageSize"}}
    following = {**asked, "PageSize": size, "Page": number + 1, "PageToken": f"PA{page[-1].key}"} if more else None
    return reply(
        200,
        {
            "messages": [resource(account, message) for message in page],
            "page": number,
            "page_size": size,
            "start": number * size,
            "end": number * size + max(0, len(page) - 1),
            "uri": f"{uri}?{urlencode({**asked, 'PageSize': size, 'Page': number})}",
            "first_page_uri": f"{uri}?{urlencode({**asked, 'PageSize': size, 'Page': 0})}",
            "next_page_uri": f"{uri}?{urlencode(following)}" if following else None,
            "previous_page_uri": f"{uri}?{urlencode({**asked, 'PageSize': size, 'Page': number - 1})}"
            if number
            else None,
        },
    )


def _among(stage: Stage, query: Mapping[str, str], since: float, until: float) -> Iterator[Message]:
    to, sender = query.get("To", ""), query.get("From", "")
    # A filter on the customer's number, whichever side it is, is answered from that person's own list.
    persons = [one for one in (to, sender) if one and one.removeprefix("whatsapp:") in stage.store.by_person]
    everything = (
        stage.store.by_person[persons[0].removeprefix("whatsapp:")] if persons else stage.store.messages.values()
    )
    for message in reversed(everything):
        at = message.received_at if message.sent_at is None else message.sent_at
        if message.channel != "email" and since <= at <= until and _matches(message, to, sender):
            yield message


def _matches(message: Message, to: str, sender: str) -> bool:
    prefix = "whatsapp:" if message.channel == "whatsapp" else ""
    ends = (prefix + message.person, prefix + message.business)
    receiver, writer = ends[::-1] if message.is_inbound else ends
    return to in {"", receiver} and sender in {"", writer}


def _after(found: Iterator[Message], key: str) -> Iterator[Message]:
    if key:
        for message in found:
            if message.key == key:
                break
    yield from found


def _window(query: Mapping[str, str]) -> tuple[float, float]:
    since, until = 0.0, float("inf")
    if day := query.get("DateSent"):
        begin = _instant(day)
        since, until = begin.timestamp(), (begin + timedelta(days=1)).timestamp()
    if after := query.get("DateSent>"):
        since = max(since, _instant(after).timestamp())
    if before := query.get("DateSent<"):
        length = timedelta(days=1) if "T" not in before else timedelta(seconds=1)
        until = min(until, (_instant(before) + length).timestamp())
    return since, until


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
