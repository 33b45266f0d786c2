"""The parts a process is made of, opened together and closed together."""

import threading
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from notifier.broker import Bell, ThroughPostgres, connect, through_dramatiq
from notifier.clock import machine_now
from notifier.db import Database
from notifier.embedded import server
from notifier.i18n.shipped import directory
from notifier.settings import Settings, secret_key

if TYPE_CHECKING:
    from notifier.providers.registry import Providers
    from notifier.rendering.library import Library


class House:
    """
    Settings, database, bell, and (made when first asked for) the message templates and the providers.

    `stopping`, once set, ends long work at its next good moment.

    Use as a context manager: leaving it rings the last bells, closes every connection, and lets go of the embedded
    database, which stops with its last holder.
    """

    def __init__(self, settings: Settings, *, may_create: bool = False) -> None:
        """
        Open the database; with no `database_url` the embedded one, made if `may_create`.

        Raises:
            Misconfigured: the embedded database does not exist and may not be made, or a URL is of the wrong kind.
        """
        self.settings = settings
        self.stopping = threading.Event()
        self._closing = ExitStack()
        self.url = settings.database_url
        if not self.url:
            handle = server.acquire(settings.var, may_create=may_create)
            self._closing.callback(handle.close)
            self.url = handle.url
        self.broker = connect(settings.broker_url)
        self.bell = self._bell()
        self.database = Database(self.url, bell=self.bell)
        self._closing.callback(self.database.close)
        self._closing.callback(self.bell.close)

    @cached_property
    def secret(self) -> str:
        """The signing secret."""
        return secret_key(self.settings)

    @cached_property
    def library(self) -> "Library":
        """The message templates, compiled, each with its published version."""
        from notifier.rendering import versions
        from notifier.rendering.library import Library

        loaded = Library.load(directory("templates"))
        with self.database.begin() as db:
            return versions.publish(db, loaded, at=machine_now(db))

    @cached_property
    def providers(self) -> "Providers":
        """The vendors this installation is configured for."""
        from notifier.providers import registry

        return registry.build(self.settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def _bell(self) -> Bell:
        if self.settings.broker_url:
            return Bell(through_dramatiq(self.broker), hang_up=self.broker.close)
        notify = ThroughPostgres(self.url)
        return Bell(notify, hang_up=notify.close)
