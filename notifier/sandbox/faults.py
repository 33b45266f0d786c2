"""The troubles a person can order: slow or failing calls, answers that get lost, callbacks that come twice or late."""

import asyncio
import secrets
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from notifier.errors import Invalid

Vendor = Literal["twilio", "sendgrid"]
VENDORS: tuple[Vendor, ...] = ("twilio", "sendgrid")

Rate = Annotated[float, Meta(ge=0, le=1)]
Milliseconds = Annotated[int, Meta(ge=0, le=600_000)]
Seconds = Annotated[float, Meta(ge=0, le=600)]

_dice = secrets.SystemRandom()


class Faults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=False):
    """Rates are probabilities from 0 to 1."""

    latency_ms: Milliseconds = 0
    error_rate: Rate = 0.0
    """503 before anything is taken."""
    rate_429: Rate = 0.0
    retry_after: Seconds = 1
    """What Retry-After says with a 429."""
    accept_then_5xx: Rate = 0.0
    """The message is taken and goes out; the answer is a 500."""
    accept_then_hang: Rate = 0.0
    """The message is taken and goes out; the answer comes after `hang_seconds`."""
    hang_seconds: Seconds = 60
    duplicate_callbacks: Rate = 0.0
    reorder_callbacks: Rate = 0.0
    """Held back long enough for later ones to overtake."""
    drop_callbacks: Rate = 0.0
    callback_delay_ms: Milliseconds = 0


NONE = Faults()


class FaultBoard:
    """What is ordered now, for both vendors and for each."""

    def __init__(self) -> None:
        self.ordered: dict[str, Any] = msgspec.to_builtins(NONE)
        self._by_vendor: dict[Vendor, Faults] = dict.fromkeys(VENDORS, NONE)

    def of(self, vendor: Vendor) -> Faults:
        return self._by_vendor[vendor]

    def order(self, wanted: Any) -> None:
        """
        Replace what was ordered: fields for both vendors, and under `twilio` or `sendgrid` what differs for one.

        Raises:
            Invalid: names the field that is wrong; nothing is changed.
        """
        if not isinstance(wanted, dict):
            raise Invalid("Faults are a JSON object.", {"": 'Send an object such as {"latency_ms": 200}.'})
        both = {name: value for name, value in wanted.items() if name not in VENDORS}
        base = _read(both, "")
        special: dict[Vendor, Any] = {vendor: wanted[vendor] for vendor in VENDORS if wanted.get(vendor) is not None}
        for vendor, changes in special.items():
            if not isinstance(changes, dict):
                raise Invalid(f"{vendor} must be an object.", {vendor: "Send an object of faults."})
        merged = {vendor: _read({**both, **special.get(vendor, {})}, f"{vendor}.") for vendor in VENDORS}
        self._by_vendor = merged
        self.ordered = msgspec.to_builtins(base) | {str(vendor): changes for vendor, changes in special.items()}

    def clear(self) -> None:
        self.order({})


def strikes(rate: float) -> bool:
    """Roll the dice."""
    return rate > 0 and _dice.random() < rate


async def wait(milliseconds: float) -> None:
    if milliseconds:
        await asyncio.sleep(milliseconds / 1000)


def _read(fields: dict[str, Any], prefix: str) -> Faults:
    rates = {name: float(value) if isinstance(value, bool) else value for name, value in fields.items()}
    for name, value in rates.items():
        if name not in Faults.__struct_fields__:
            known = ", ".join(Faults.__struct_fields__)
            raise Invalid(f"{prefix}{name} is no fault.", {f"{prefix}{name}": f"Use one of: {known}."})
        try:
            msgspec.convert({name: value}, Faults)
        except msgspec.ValidationError as error:
            remedy = str(error).partition(" - at ")[0]
            raise Invalid(f"{prefix}{name}: {remedy}.", {f"{prefix}{name}": remedy}) from error
    return msgspec.convert(rates, Faults)
