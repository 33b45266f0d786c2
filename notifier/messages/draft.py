"""A message decided on and not yet stored."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import uuid_utils
from msgspec import Struct


class Decision(Struct, frozen=True, kw_only=True):
    """A verdict with its reason (a code of `planning.reasons`) and the facts it saw (JSON values)."""

    at: datetime
    """Business time."""
    verdict: str
    """`planned`, `skipped`, `postponed`, `sent`, `cancelled`, `requeued`, …: what followed."""
    reason: str
    facts: dict[str, Any] = {}


class Draft(Struct, frozen=True):
    """One planned message, or (`state="skipped"`) the reason why there is none."""

    customer_id: str
    trigger_id: int
    run_id: int
    journey: str
    journey_version: int
    incident: str
    generation: int
    step: str
    channel: Literal["email", "sms", "whatsapp"]
    address: str
    topic: str
    lane: Literal["transactional", "bulk"]
    template: str
    locale: str
    timezone: str
    country: str
    state: Literal["planned", "skipped"]
    due_at: datetime
    expires_at: datetime
    created_at: datetime
    decisions: list[Decision]
    reason: str = ""
    customer_name: str = ""
    """For the words of what is sent at once; it is not stored."""


def new_ids(many: int) -> list[UUID]:
    """Return new ids (UUIDv7) of messages or attempts, each above the one before; a set costs a third of one by one."""
    return msgspec.convert([uuid_utils.uuid7().bytes for _ in range(many)], list[UUID])


_encode = msgspec.json.Encoder()


def as_json(values: Iterable[object]) -> list[str]:
    """Return each value as JSON, as columns take it; a set at once, at half of what each alone costs."""
    return _encode.encode_lines(values).decode().split("\n")[:-1]
