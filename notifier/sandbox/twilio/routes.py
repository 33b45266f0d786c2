"""Twilio's door: who is asking, for what, and what it costs in faults is decided before anything is read."""

import base64
import hmac
from urllib.parse import parse_qsl

from notifier.sandbox.stage import Stage
from notifier.sandbox.twilio import content
from notifier.sandbox.twilio.create import create
from notifier.sandbox.twilio.errors import error
from notifier.sandbox.twilio.listing import listing
from notifier.sandbox.twilio.resource import VERSION, resource
from notifier.sandbox.wire import Asked, Reply, reply


class TwilioDoor:
    """Answers Twilio's paths for one account."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        config = stage.config
        pair = f"{config.twilio_account_sid}:{config.twilio_auth_token}".encode()
        self._authorization = b"Basic " + base64.b64encode(pair)
        self._messages = f"/{VERSION}/Accounts/{config.twilio_account_sid}/Messages"

    def handle(self, asked: Asked) -> Reply:
        if not hmac.compare_digest(asked.headers.get(b"authorization", b""), self._authorization):
            return error(20003, headers=((b"www-authenticate", b'Basic realm="Twilio API"'),))
        if asked.path == f"{self._messages}.json":
            if asked.method == "POST":
                return create(self._stage, _pairs(asked.body.decode("utf-8", "replace")))
            return listing(self._stage, _pairs(asked.query)) if asked.method == "GET" else error(20004)
        if asked.path.startswith(f"{self._messages}/") and asked.path.endswith(".json"):
            return self._one(asked, asked.path.removeprefix(f"{self._messages}/").removesuffix(".json"))
        parts = asked.path.strip("/").split("/")
        if parts[:2] == ["v1", "Content"]:
            return content.route(self._stage, asked, parts[2:])
        return error(20404, asked.path)

    def limited(self, retry_after: float) -> Reply:
        return error(20429, headers=((b"retry-after", f"{retry_after:g}".encode()),))

    def broken(self, *, taken: bool) -> Reply:
        return error(20500 if taken else 20503)

    def _one(self, asked: Asked, sid: str) -> Reply:
        store = self._stage.store
        message = store.messages.get(sid)
        if message is None or message.channel == "email":
            return error(20404, asked.path)
        if asked.method == "DELETE":
            store.forget(message)
            return Reply(204, b"", ())
        if asked.method == "POST":
            form = _pairs(asked.body.decode("utf-8", "replace"))
            if form.get("Status") == "canceled":
                return error(30409)
            if form.get("Body") == "":
                store.change(message, text="", updated_at=self._stage.now())
        return reply(200, resource(self._stage.config.twilio_account_sid, message))


def _pairs(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))
