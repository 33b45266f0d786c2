"""A provider in memory: keeps what it is given and answers as it is told. For tests, and for trying things out."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from notifier.errors import Unavailable
from notifier.providers.contract import (
    Accepted,
    Capabilities,
    ForgedHook,
    Found,
    Hook,
    Inbound,
    Outcome,
    Outgoing,
    StatusReport,
)

Answering = Callable[[Outgoing], Outcome]


class Outbox:
    """Accepts everything, unless `answering` says otherwise; `taken` is what it really has."""

    can = Capabilities(
        channels=("email", "sms", "whatsapp"), finds=True, silence_means_unsent=True, counts_segments=("sms",)
    )

    def __init__(self, answering: Answering | None = None, *, seconds: float = 0.0, name: str = "outbox") -> None:
        self.name = name
        self.answering: Answering = answering or (lambda outgoing: Accepted(ref=f"out-{outgoing.attempt_id.hex}"))
        self.seconds = seconds
        """How long a call takes."""
        self.taken: list[Outgoing] = []
        self.takes_and_fails = False
        """Keep the message although the answer is not `Accepted`: a connection that broke after the fact."""
        self.is_away = False
        """Cannot be asked for evidence."""
        self.became: dict[str, Found] = {}
        """What it says of messages it has accepted, by ref."""

    def sender(self, channel: str) -> str:
        return f"{self.name}-{channel}"

    async def send(self, outgoing: Outgoing) -> Outcome:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        outcome = self.answering(outgoing)
        if self.takes_and_fails or isinstance(outcome, Accepted):
            self.taken.append(outgoing)
        return outcome

    async def find(self, outgoing: Outgoing, *, since: datetime, taken: frozenset[str]) -> Found | None:  # noqa: ARG002 - the contract's
        if self.is_away:
            raise Unavailable("the outbox is away")
        has = any(one.attempt_id == outgoing.attempt_id for one in self.taken)
        return Found(ref=f"out-{outgoing.attempt_id.hex}") if has else None

    async def fetch(self, ref: str) -> Found | None:
        if self.is_away:
            raise Unavailable("the outbox is away")
        return self.became.get(ref)

    def verify(self, hook: Hook) -> None:
        raise ForgedHook(f"The outbox calls nobody, so {hook.url} cannot come from it.")

    def reports(self, hook: Hook) -> list[StatusReport]:  # noqa: ARG002 - the contract's
        return []

    def inbound(self, hook: Hook) -> list[Inbound]:  # noqa: ARG002 - the contract's
        return []
