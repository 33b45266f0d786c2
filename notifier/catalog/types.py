"""The registry of trigger types: name, version, schema, sample."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from notifier.catalog import lifecycle, samples
from notifier.errors import Missing


class UnknownTriggerType(Missing):
    """No trigger type has that name."""


class TriggerType(Struct, frozen=True, kw_only=True):
    """A kind of trigger. `version` rises when a field goes or changes its meaning; adding one is no new version."""

    name: str
    version: int
    data: type[lifecycle.TriggerData]
    lane: Literal["transactional", "bulk"] = "transactional"
    """`bulk`: nobody waits for it; it is handled when nothing else is pending."""

    @property
    def summary(self) -> str:
        """Say in one sentence what has happened."""
        return (self.data.__doc__ or "").strip()

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of `data`."""
        return msgspec.json.schema(self.data)

    def sample(self, now: datetime) -> dict[str, Any]:
        """
        Return a whole CloudEvent that can be posted as it is; its dates count from `now` (business time, aware).

        A sample taken a second later is another event about another matter, so that it starts its journey again.
        """
        mark = f"{now:%Y%m%d%H%M%S}"
        return {
            "specversion": "1.0",
            "id": f"sample-{self.name}-{mark}",
            "source": "https://billing.example/samples",
            "type": self.name,
            "time": now.isoformat(),
            "subject": "cus_sample",
            "datacontenttype": "application/json",
            "data": samples.data(self.name, now.date(), mark),
        }


TYPES: dict[str, TriggerType] = {
    kind.name: kind
    for kind in (
        TriggerType(name="invoice.upcoming", version=1, data=lifecycle.InvoiceUpcoming),
        TriggerType(name="payment.succeeded", version=1, data=lifecycle.PaymentSucceeded),
        TriggerType(name="payment.failed", version=1, data=lifecycle.PaymentFailed),
        TriggerType(name="payment.recovered", version=1, data=lifecycle.PaymentRecovered),
        TriggerType(name="subscription.canceled", version=1, data=lifecycle.SubscriptionCanceled),
        TriggerType(name="feedback.requested", version=1, data=lifecycle.FeedbackRequested, lane="bulk"),
        TriggerType(name="loyalty.bonus_granted", version=1, data=lifecycle.LoyaltyBonusGranted, lane="bulk"),
    )
}
BULK: list[str] = [kind.name for kind in TYPES.values() if kind.lane == "bulk"]


def get(name: str) -> TriggerType:
    """
    Look a trigger type up.

    Raises:
        UnknownTriggerType: naming the closest ones there are.
    """
    if name not in TYPES:
        raise UnknownTriggerType(f"There is no trigger type {name!r}. Known: {', '.join(sorted(TYPES))}.")
    return TYPES[name]
