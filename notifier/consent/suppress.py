"""Addresses never to be written to: because the person said so, or because it cannot arrive."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

_SUPPRESS = text("""
    INSERT INTO suppressions (channel, address, reason, evidence, at)
    VALUES (:channel, :address, :reason, CAST(:evidence AS jsonb), :at)
    ON CONFLICT (channel, address) WHERE lifted_at IS NULL DO NOTHING RETURNING id
""")
_LIFT = text("""
    UPDATE suppressions SET lifted_at = :at
    WHERE channel = :channel AND address = :address AND lifted_at IS NULL RETURNING id
""")
_LOOK = text("""
    SELECT s.channel, s.address, s.reason
    FROM unnest(CAST(:channels AS text[]), CAST(:addresses AS text[])) AS asked(channel, address)
    JOIN suppressions s ON s.channel = asked.channel AND s.address = asked.address AND s.lifted_at IS NULL
""")


def suppress(
    db: Session, channel: str, address: str, *, reason: str, evidence: Mapping[str, Any], at: datetime
) -> bool:
    """
    Write no more to `address` on `channel`, whoever's it is; True when it was not suppressed before.

    `reason` is `stop`, `hard-bounce`, `complaint`, `provider` or `staff`; the first one stays until it is lifted.
    """
    proof = msgspec.json.encode(evidence).decode()
    values = {"channel": channel, "address": address, "reason": reason, "evidence": proof, "at": at}
    return db.execute(_SUPPRESS, values).first() is not None


def lift(db: Session, channel: str, address: str, *, at: datetime) -> bool:
    """Allow the address again: its person asked (START). True when it was suppressed; the row stays as evidence."""
    return db.execute(_LIFT, {"channel": channel, "address": address, "at": at}).first() is not None


def suppressed(db: Session, points: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the suppressed ones among (channel, address), each with its reason."""
    if not points:
        return {}
    channels, addresses = zip(*sorted(set(points)), strict=True)
    rows = db.execute(_LOOK, {"channels": list(channels), "addresses": list(addresses)})
    return {(row.channel, row.address): row.reason for row in rows}
