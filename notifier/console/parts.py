"""What the console is built from, and what a handler knows of who is asking."""

from litestar.di import NamedDependency
from msgspec import Struct

from notifier.db import Database
from notifier.rendering.library import Library
from notifier.settings import Settings
from notifier.staff.models import Staff


class Parts(Struct, frozen=True, kw_only=True):
    """Handed over by the composition root."""

    database: Database
    settings: Settings
    secret: str
    library: Library | None = None
    """For previews; without it there are none."""
    providers: tuple[str, ...] = ()
    """The names of those that are configured."""

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach us over https: cookies are then kept from anything else."""
        return self.settings.public_url.startswith("https://")


class Desk(Struct, frozen=True, kw_only=True):
    """One request's surroundings: who looks, in which language and zone, and at what."""

    parts: Parts
    staff: Staff | None
    locale: str
    zone: str
    path: str
    csrf: str
    is_partial: bool = False
    """htmx asks for a part of the page only."""
    done: str = ""
    """Code of what was just done, shown as a toast."""

    @property
    def member(self) -> Staff:
        """The signed-in member of staff, on pages that have one."""
        assert self.staff is not None
        return self.staff


Asked = NamedDependency[Desk]
"""How a handler asks for its desk."""
