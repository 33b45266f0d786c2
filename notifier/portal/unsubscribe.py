"""The way out: a page with one button, and RFC 8058's one-click POST. A GET changes nothing."""

from collections.abc import Iterable
from itertools import product

from litestar import Response, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from notifier import clock
from notifier.api.parts import Parts
from notifier.consent.models import TOPICS
from notifier.consent.state import CONTRACTUAL, allowed, record
from notifier.customers.models import CHANNELS
from notifier.portal.page import Asked, page
from notifier.portal.preferences import evidence
from notifier.portal.subject import resolve


def handlers(parts: Parts) -> list[HTTPRouteHandler]:
    """Return `/m/{token}/unsubscribe`."""

    @route("/{token:str}/unsubscribe", http_method=["GET", "HEAD"], sync_to_thread=True)
    def offer(token: FromPath[str]) -> Response[str]:
        with parts.database.begin() as db:
            subject = resolve(db, parts.secret, token)
        context = {"is_done": False, "is_contractual": is_contractual(subject.topic, subject.channel)}
        return page(parts, "unsubscribe.html", subject, token=token, **context)

    @post("/{token:str}/unsubscribe", status_code=200, sync_to_thread=True)
    def act(request: Asked, token: FromPath[str], body: RawBody) -> Response[str]:
        # Mail programs send `List-Unsubscribe=One-Click` in either form encoding, some nothing at all (RFC 8058,
        # section 3.2); whatever it is, somebody has asked to be left alone. No redirect is allowed.
        source = "one-click" if b"One-Click" in body[:2000] or not body else "unsubscribe"
        with parts.database.begin() as db:
            subject = resolve(db, parts.secret, token)
            may = allowed(db, [subject.customer_id])[subject.customer_id]
            now, proof = clock.business_now(db), evidence(subject, source, request)
            for topic, channel in ended(subject.topic, subject.channel):
                if may[topic, channel]:
                    record(db, subject.customer_id, topic=topic, channel=channel, granted=False, evidence=proof, at=now)
        context = {"is_done": True, "is_contractual": is_contractual(subject.topic, subject.channel)}
        return page(parts, "unsubscribe.html", subject, token=token, **context)

    return [offer, act]


def is_contractual(topic: str, channel: str) -> bool:
    """Tell whether these emails are part of the contract and go on while it lasts."""
    return topic in CONTRACTUAL and channel == "email"


def ended(topic: str, channel: str) -> Iterable[tuple[str, str]]:
    """
    Return the (topic, channel) pairs that unsubscribing from a message ends, pure.

    Ordinarily that topic on that channel. Whoever unsubscribes from an email about a charge cannot lose those, and is
    left alone in every other way: nothing more on phones, no surveys, offers or news anywhere.
    """
    if not is_contractual(topic, channel):
        return [(topic, channel)]
    return [pair for pair in product(TOPICS, CHANNELS) if not is_contractual(*pair)]
