"""What the machine-facing routes are made of, handed to their factories once."""

from collections.abc import Mapping

from msgspec import Struct

from notifier.db import Database
from notifier.providers.contract import Provider
from notifier.settings import Settings


class Parts(Struct, frozen=True, kw_only=True):
    """The parts of a running web process."""

    database: Database
    settings: Settings
    secret: str
    """Signs tokens: `settings.secret_key(settings)`."""
    providers: Mapping[str, Provider]
