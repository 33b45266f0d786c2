"""Logs: on standard error, as lines for people or (in production) as JSON; never a customer's words or address."""

import logging
import sys

import structlog

from notifier.settings import Settings


def configure(settings: Settings) -> None:
    """Set logging up for this process; libraries speak only from `warning` on."""
    rendered: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if settings.is_production else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            rendered,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)
