"""What every provider adapter does, in our words: it translates, and decides nothing, stores nothing, never retries."""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable
from uuid import UUID

import msgspec
from msgspec import Struct

from notifier.errors import Refused as RefusedError

Channel = Literal["email", "sms", "whatsapp"]

EventKind = Literal[
    "accepted",  # the provider has it
    "sent",  # handed on to the carrier or the receiving mail server
    "deferred",  # the receiving side asked to wait; the provider goes on trying
    "delivered",  # at the handset or in the mailbox, as far as the carrier says
    "undelivered",  # given up on, for this attempt
    "bounced",  # the receiving mail server refused it for good
    "refused",  # the provider itself dropped it
    "opened",
    "read",
    "clicked",
    "complained",  # marked as spam
    "unsubscribed",  # at the provider
    "unknown",  # a word we do not know; kept, never applied
]

Reason = Literal[
    "",
    "bad-address",  # does not exist, cannot receive on this channel: the contact point becomes invalid
    "mailbox-full",
    "unreachable",  # switched off, no signal, temporary trouble at the carrier
    "blocked",  # filtered by carrier or receiver
    "spam",
    "opted-out",  # the person told the provider to stop: becomes a suppression
    "suppressed",  # on the provider's own list after a bounce or complaint: becomes a suppression
    "expired",
    "content",  # the text or template is not acceptable
    "window",  # WhatsApp: outside the service window and not an approved template
    "pacing",  # too fast for this sender
    "account",  # our account or sender is not in order: a human must look
    "other",
]


class Html(Struct, frozen=True, kw_only=True):
    """HTML as it is sent: in pieces, most of which are the same for all messages of a template."""

    pieces: Sequence[bytes]
    """Together a JSON string, quotes and all."""
    kept: bytes
    """The same in JSON as `messages.content` keeps it: the whole, or the values and the numbers of the other pieces."""

    @classmethod
    def of(cls, text: str) -> "Html":
        whole = msgspec.json.encode(text)
        return cls(pieces=(whole,), kept=whole)

    def __str__(self) -> str:
        return msgspec.json.decode(b"".join(self.pieces), type=str)


class Email(Struct, frozen=True, kw_only=True):
    """A rendered email. `unsubscribe_url` becomes List-Unsubscribe with one-click POST (RFC 8058); empty: none."""

    subject: str
    text: str
    html: Html
    unsubscribe_url: str = ""
    topic: str = ""


class Text(Struct, frozen=True, kw_only=True):
    """A rendered SMS, or a WhatsApp text inside the service window."""

    text: str


class ApprovedTemplate(Struct, frozen=True, kw_only=True):
    """A WhatsApp message by approved template, with its numbered variables; `text` is what the person reads."""

    content_sid: str
    variables: Mapping[str, str]
    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    """Title and address of each, as `text` ends with them."""


Content = Email | Text | ApprovedTemplate


class Outgoing(Struct, frozen=True, kw_only=True):
    """One call to make."""

    attempt_id: UUID
    channel: Channel
    to: str
    content: Content
    callback_url: str = ""
    """Where status reports on a text go, for those who take it with each call; it carries the attempt id, signed."""


class Accepted(Struct, frozen=True, kw_only=True):
    """The provider has taken the message."""

    ref: str


class Refused(Struct, frozen=True, kw_only=True):
    """The provider explicitly would not take it; `permanent`: no other attempt with this address can succeed."""

    reason: Reason
    permanent: bool
    detail: str = ""


class NotSent(Struct, frozen=True, kw_only=True):
    """Surely unsent (connection refused, 429, a listed code): may be tried again, after `retry_after` seconds."""

    retry_after: float | None = None
    reason: Reason = "pacing"
    detail: str = ""


class Unknown(Struct, frozen=True, kw_only=True):
    """Sent or not, nobody can tell yet: a time-out, a reset, a 5xx, anything unforeseen."""

    detail: str


Outcome = Accepted | Refused | NotSent | Unknown


class Found(Struct, frozen=True, kw_only=True):
    """Evidence that an attempt was accepted: the provider's id, and its present state in our words, if it says."""

    ref: str
    kind: EventKind = "accepted"
    reason: Reason = ""


#: Header under which the attempt is kept that a callback's address named, its signature being right.
ATTEMPT = "x-attempt-id"


class Hook(Struct, frozen=True, kw_only=True):
    """An HTTP call a provider made to us. `url` is the public one, built from settings and never from a Host header."""

    url: str
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes

    @property
    def attempt_id(self) -> UUID | None:
        """The attempt its address named, when the door has looked; no caller can set it."""
        named = self.headers.get(ATTEMPT)
        return msgspec.convert(named, UUID) if named else None


class StatusReport(Struct, frozen=True, kw_only=True):
    """One thing a provider reported of one attempt."""

    event_id: str
    """The provider's id of the report, else a hash of what makes it unique: a repeat has the same."""
    attempt_id: UUID | None
    ref: str | None
    kind: EventKind
    reason: Reason = ""
    detail: str = ""
    reported_at: datetime | None = None


class Inbound(Struct, frozen=True, kw_only=True):
    """A text a person sent us."""

    event_id: str
    channel: Channel
    sender: str
    recipient: str
    text: str
    in_reply_to: str | None = None
    """The provider's id of the message answered, or an attempt id of ours, where the channel tells."""
    keyword: str = ""
    """`stop`, `start` or `help` when the provider has itself recognised and answered one (Twilio OptOutType)."""
    is_automatic: bool = False
    """An out-of-office or bounce, to be kept and otherwise ignored."""


class ForgedHook(RefusedError):
    """A callback without a valid signature, or one we have no secret to verify."""

    status = 403


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a provider can do."""

    channels: tuple[Channel, ...]
    reports_delivery: bool = True
    finds: bool = False
    """Can be asked whether it has an attempt (Twilio lists messages); otherwise only its reports are evidence."""
    silence_means_unsent: bool = False
    """When it can be asked and does not know the attempt, the attempt was not accepted."""
    names_attempt: tuple[Channel, ...] = ()
    """Channels where all that comes back names our attempt, so that none need be found by the provider's id of it."""
    counts_segments: tuple[Channel, ...] = ()
    """Channels whose rate limit counts segments, not messages."""


class Provider(Protocol):
    """One way of reaching people. Built with its settings; `send` and `find` run on the sending loop."""

    name: str
    """The instance's: key of the registry, of its hooks' URLs and of its attempts: `twilio`, `twilio-br`, `smtp` …"""
    can: Capabilities

    def sender(self, channel: str) -> str:
        """Return what a channel is written from (number, address): the thing a vendor's rate limit counts for."""
        ...

    def send(self, outgoing: Outgoing) -> Awaitable[Outcome]:
        """
        Make one call. Never raises for what the network or the provider does: that is an outcome.

        An ordinary coroutine (`async def`); or it begins the call and returns a future, which spares a task.
        """
        ...

    async def find(self, outgoing: Outgoing, *, since: datetime, taken: frozenset[str]) -> Found | None:
        """
        Look for evidence that an attempt made after `since` was accepted; `taken` are refs matched to other attempts.

        Raises:
            Unavailable: the provider could not be asked; nothing follows from that.
        """
        ...

    def verify(self, hook: Hook) -> None:
        """Raise `ForgedHook` unless the signature is right. Fails closed: no secret configured means forged."""
        ...

    def reports(self, hook: Hook) -> list[StatusReport]:
        """Read the status reports in a verified hook. Unknown words become `unknown`; nothing raises for content."""
        ...

    def inbound(self, hook: Hook) -> list[Inbound]:
        """Read the texts in a verified hook."""
        ...


class Route(Struct, frozen=True, kw_only=True):
    """One provider as a way to one channel: when it is chosen, and how fast its sender may go."""

    provider: Provider
    channel: Channel
    priority: int = 1
    """The lowest that can be used goes first."""
    weight: int = 1
    """The share among routes of equal priority."""
    per_second: float | None = None
    """What the sender is allowed: messages, or segments where `Capabilities.counts_segments` has the channel."""
    burst: float | None = None
    """How much may go at once after a rest; without it, one second's worth."""


@runtime_checkable
class Fetches(Protocol):
    """A provider that can be asked what became of a message it accepted."""

    async def fetch(self, ref: str) -> Found | None:
        """
        Return where the provider says a message is; None when it knows no such message.

        Raises:
            Unavailable: it could not be asked; nothing follows from that.
        """
        ...
