"""
What each customer allows, topic by topic and channel by channel.

The model is opt-out: whoever buys from a business may be written to about their purchase and similar offers until they
say no, as the soft opt-in of ePrivacy, CAN-SPAM and Brazil's LGPD allow. `billing` and `service` are part of the
contract: their emails are sent whatever was said; on phones a no is honoured for them too.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import product
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from notifier.consent.models import TOPICS
from notifier.customers.models import CHANNELS
from notifier.db import rows

#: Topics a customer has with the contract; their emails cannot be refused.
CONTRACTUAL = ("billing", "service")

_EVERYTHING: Mapping[tuple[str, str], bool] = MappingProxyType(dict.fromkeys(product(TOPICS, CHANNELS), True))

_RECORD = text("""
    INSERT INTO consents (customer_id, topic, channel, granted, at, evidence)
    VALUES (:customer, :topic, :channel, :granted, :at, CAST(:evidence AS jsonb)) RETURNING id
""")
_SAID = """
    SELECT DISTINCT ON (customer_id, topic, channel) customer_id, topic, channel, granted, at, id
    FROM consents WHERE customer_id = ANY(%(customers)s::text[])
    ORDER BY customer_id, topic, channel, at DESC, id DESC
"""


def record(
    db: Session,
    customer_id: str,
    *,
    topic: str,
    channel: str = "",
    granted: bool,
    evidence: Mapping[str, Any],
    at: datetime,
) -> int:
    """Keep what a customer said of a topic, with the evidence, and return the row's id; no `channel`: every channel."""
    proof = msgspec.json.encode(evidence).decode()
    values = {"customer": customer_id, "topic": topic, "channel": channel, "granted": granted, "at": at}
    return int(db.execute(_RECORD, {**values, "evidence": proof}).scalar_one())


def allowed(db: Session, customer_ids: Collection[str]) -> dict[str, Mapping[tuple[str, str], bool]]:
    """
    Return for each customer whether each (topic, channel) may be used.

    The newest statement stands: one about every channel overrules an older one about a single channel, and the reverse.
    """
    verdicts: dict[str, Mapping[tuple[str, str], bool]] = dict.fromkeys(customer_ids, _EVERYTHING)
    said: dict[str, list[Any]] = {}
    for row in rows(db, _SAID, {"customers": list(verdicts)}) if verdicts else ():
        said.setdefault(row.customer_id, []).append(row)
    for customer, statements in said.items():
        verdict = dict(_EVERYTHING)
        for row in sorted(statements, key=lambda one: (one.at, one.id)):
            for channel in (row.channel,) if row.channel else CHANNELS:
                verdict[row.topic, channel] = row.granted or (row.topic in CONTRACTUAL and channel == "email")
        verdicts[customer] = MappingProxyType(verdict)
    return verdicts
