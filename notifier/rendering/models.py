"""Templates as published."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import DateTime

from notifier.db import Base


class TemplateVersion(Base):
    """The words for one purpose on one channel, in every locale, as published; never changed."""

    __tablename__ = "template_versions"
    __table_args__ = (UniqueConstraint("template", "channel", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    template: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(Text)
    sources: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """File name → text, of the template, its layout, and its messages in every locale."""
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
