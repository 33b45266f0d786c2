"""Twilio: SMS and WhatsApp over its Messages resource."""

import hmac
from base64 import b64encode
from collections.abc import Awaitable
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct
from twilio.request_validator import RequestValidator

from notifier.errors import Unavailable
from notifier.mac import Mac
from notifier.messages.token import read_attempt
from notifier.providers.contract import (
    Accepted,
    ApprovedTemplate,
    Capabilities,
    Channel,
    Email,
    ForgedHook,
    Found,
    Hook,
    Inbound,
    Outcome,
    Outgoing,
    Refused,
    StatusReport,
    Unknown,
)
from notifier.providers.transport import Answer, Transport, shortened
from notifier.providers.twilio import codes, hooks
from notifier.providers.twilio.form import encoded

CLOCK_SKEW = timedelta(minutes=1)
"""How far Twilio's clock may differ from ours when a list is searched."""
_PAGES = 5


class Listed(Struct, frozen=True):
    """The fields of a Message that matter here; Twilio sends many more."""

    sid: str
    status: str = ""
    body: str | None = None
    date_created: str | None = None
    direction: str = "outbound-api"
    error_code: int | None = None


class Created(Struct, frozen=True):
    """The one field of the answer to a create that matters."""

    sid: str


class Page(Struct, frozen=True):
    """One page of a list of Messages."""

    messages: list[Listed]
    next_page_uri: str | None = None


_created = msgspec.json.Decoder(Created)


class Twilio:
    """SMS and WhatsApp by one account."""

    def __init__(
        self,
        transport: Transport,
        *,
        account_sid: str,
        auth_token: str,
        api_url: str,
        sms_from: str,
        whatsapp_from: str,
        secret: str,
        name: str = "twilio",
    ) -> None:
        """
        Make no call yet; a channel without a sender is not served.

        `secret` is what callback URLs were signed with (`messages.token`).
        """
        self.name = name
        senders: dict[Channel, str] = {"sms": sms_from, "whatsapp": whatsapp_from}
        channels = tuple(channel for channel, sender in senders.items() if sender)
        self.can = Capabilities(
            channels=channels,
            finds=True,
            silence_means_unsent=True,
            counts_segments=("sms", "whatsapp"),
            names_attempt=("sms",),  # an answer by WhatsApp may quote what it answers, by Twilio's id
        )
        self._transport = transport
        self._token = auth_token
        self._mac = Mac(auth_token.encode(), "sha1")
        self._secret = secret
        self._root = api_url.rstrip("/")
        self._messages = f"/2010-04-01/Accounts/{account_sid}/Messages"
        self._sms_from = sms_from
        self._whatsapp_from = whatsapp_from
        basic = b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._reading = {"Authorization": f"Basic {basic}", "Accept": "application/json"}
        writing = {**self._reading, "Content-Type": "application/x-www-form-urlencoded"}
        self._post = transport.endpoint("POST", f"{self._root}{self._messages}.json", headers=writing, read=read_answer)

    def sender(self, channel: str) -> str:
        """Return the number (or Messaging Service) a channel is written from: what a rate limit counts for."""
        return self._whatsapp_from if channel == "whatsapp" else self._sms_from

    def form(self, outgoing: Outgoing) -> dict[str, str]:
        """Return the fields of a create, as the vendor's own package would send them."""
        is_whatsapp = outgoing.channel == "whatsapp"
        prefix = "whatsapp:" if is_whatsapp else ""
        sender, content = self.sender(outgoing.channel), outgoing.content
        form = {"To": prefix + outgoing.to}
        if outgoing.callback_url:
            form["StatusCallback"] = outgoing.callback_url
        if sender.startswith("MG"):
            form["MessagingServiceSid"] = sender
        else:
            form["From"] = prefix + sender
        if isinstance(content, ApprovedTemplate):
            form["ContentSid"] = content.content_sid
            form["ContentVariables"] = msgspec.json.encode(dict(content.variables)).decode()
        elif isinstance(content, Email):
            raise TypeError("an email cannot go by Twilio's Messages")
        else:
            form["Body"] = content.text
        return form

    def send(self, outgoing: Outgoing) -> Awaitable[Outcome]:
        if isinstance(outgoing.content, ApprovedTemplate) and not outgoing.content.content_sid:
            return _unregistered()
        return self._post(encoded(self.form(outgoing)))

    async def find(self, outgoing: Outgoing, *, since: datetime, taken: frozenset[str]) -> Found | None:
        form = self.form(outgoing)
        query = {"To": form["To"], "DateSent>": f"{since - CLOCK_SKEW:%Y-%m-%dT%H:%M:%SZ}", "PageSize": "200"}
        if "From" in form:
            query["From"] = form["From"]
        uri: str | None = f"{self._messages}.json?{urlencode(query)}"
        near = []
        for _ in range(_PAGES):
            if uri is None:
                break
            page = await self._page(uri)
            near += [one for one in page.messages if _may_be(one, since) and one.sid not in taken]
            uri = page.next_page_uri
        if uri is not None:
            raise Unavailable("too many messages to this number to tell them apart")
        for one in near:
            if hooks.is_same(outgoing.content, one.body or ""):
                return _found(one)
        if near and isinstance(outgoing.content, ApprovedTemplate):
            raise Unavailable("a message by template is there whose words cannot be compared")
        return None

    async def fetch(self, ref: str) -> Found | None:
        """Return where Twilio says a message is, or None when it knows no such message. Raises as `find`."""
        answer = await self._transport.ask(f"{self._root}{self._messages}/{ref}.json", headers=self._reading)
        if answer.status == 404:
            return None
        try:
            return _found(msgspec.json.decode(answer.body, type=Listed))
        except msgspec.DecodeError as error:
            raise Unavailable("answered with something else than a message") from error

    def verify(self, hook: Hook) -> None:
        signature = hook.headers.get("x-twilio-signature")
        try:
            is_ours = bool(self._token and signature) and self._is_signed(hook, str(signature))
        except (ValueError, TypeError, LookupError):
            is_ours = False
        if not is_ours:
            raise ForgedHook("The signature does not match.")

    def _is_signed(self, hook: Hook, signature: str) -> bool:
        # Always the account's token with SHA-1: the algorithm is ours to choose, never the caller's.
        if hmac.compare_digest(hooks.signature(self._mac, hook.url, hook.body), signature):
            return True
        # Twilio's own package knows of addresses signed with a port that is not in them, and the other way round.
        return bool(RequestValidator(self._token).validate(hook.url, hooks.Fields.read(hook.body), signature))

    def reports(self, hook: Hook) -> list[StatusReport]:
        attempt_id = hook.attempt_id or read_attempt(self._secret, urlsplit(hook.url).path.rpartition("/")[2])
        return hooks.reports(hooks.Fields.read(hook.body), attempt_id)

    def inbound(self, hook: Hook) -> list[Inbound]:
        return hooks.inbound(hooks.Fields.read(hook.body))

    async def _page(self, uri: str) -> Page:
        answer = await self._transport.ask(self._root + uri, headers=self._reading)
        try:
            return msgspec.json.decode(answer.body, type=Page)
        except msgspec.DecodeError as error:
            raise Unavailable("answered with something else than a list") from error


async def _unregistered() -> Outcome:
    return Refused(reason="content", permanent=False, detail="the template is not registered at Twilio")


def read_answer(answer: Answer) -> Outcome:
    """Return what Twilio's answer to a create means."""
    if answer.status in {200, 201} and (sid := _sid(answer.body)) is not None:
        return Accepted(ref=sid)
    said = answer.json()
    code = said.get("code") if isinstance(said.get("code"), int) else None
    detail = shortened(f"HTTP {answer.status}, code {code}")
    if 400 <= answer.status < 500 and answer.status != 408:
        return codes.refusal(answer.status, code, detail, retry_after=answer.retry_after())
    return Unknown(detail=detail)


def _sid(body: bytes) -> str | None:
    try:
        return _created.decode(body).sid
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _may_be(one: Listed, since: datetime) -> bool:
    created = hooks.read_date(one.date_created)
    return not one.direction.startswith("inbound") and (created is None or created >= since - CLOCK_SKEW)


def _found(one: Listed) -> Found:
    kind = hooks.KINDS.get(one.status, "accepted")
    return Found(ref=one.sid, kind=kind, reason=codes.reason(one.error_code))
