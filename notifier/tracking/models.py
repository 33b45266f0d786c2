"""Verified callbacks, kept as they came until they are applied and after."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, DateTime

from notifier.db import Base


class HookSet(Base):
    """
    Verified HTTP calls of one provider and kind that were kept in one commit: raw, packed together. Written once.

    They differ in little: together they take a seventh of the room, and one row's work.
    """

    __tablename__ = "hook_sets"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """From the sequence of `hooks`: an event's `hook_id` is in one of the two tables."""
    provider: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    """`status` (tracking applies it) or `inbound` (replies does)."""
    many: Mapped[int]
    encoding: Mapped[str] = mapped_column(Text)
    packed: Mapped[bytes] = mapped_column(LargeBinary)
    """`tracking.packed` reads it; `notifier callbacks` reads it."""
    unmatched: Mapped[int] = mapped_column(default=0, server_default="0")
    """Reports in it that name no attempt of ours: counted, never refused."""
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class PendingHooks(Base):
    """
    A set of callbacks to be applied. Taking the row is claiming them.

    Kept apart from the set itself, which is long and would be written a second time to say that it is done.
    """

    __tablename__ = "pending_hooks"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """The set's."""
    provider: Mapped[str] = mapped_column(Text)
    encoding: Mapped[str] = mapped_column(Text)
    """A set that only a later version can read waits for that, and nothing waits behind it."""
    many: Mapped[int]
    weight: Mapped[int]
    """Of all of them, as `pending.weight` has it."""
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Hook(Base):
    """A callback by itself: one that could not be applied, with its error; or one from before there were sets."""

    __tablename__ = "hooks"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """Without a default: a web process of before, which knows no sets, cannot keep here what nobody would apply."""
    provider: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Only those needed to read the body again: content type, signature, time stamp."""
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    error: Mapped[str] = mapped_column(Text, default="", server_default="")
