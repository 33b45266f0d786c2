"""
The three kinds of error, one for each answer a caller has.

    NotifierError
    ├── Refused         tell the person: the request cannot be granted as it is (carries an HTTP status)
    │   ├── Invalid     422: a field is wrong; names each field and the remedy
    │   ├── Missing     404: there is no such thing
    │   └── Conflict    409: the thing is no longer in a state that allows it
    ├── Unavailable     try again later: a part we depend on is away
    └── Misconfigured   stop and tell whoever runs this: a setting is missing or wrong

Concrete classes live beside the function that raises them. What became of one recipient's message is a value, never
an exception: a batch can half succeed.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar


class NotifierError(Exception):
    """Root of everything this package raises on purpose."""


class Refused(NotifierError):
    """The request is understood and cannot be granted; `str()` is fit for the person who asked."""

    status: ClassVar[int] = 400


class Invalid(Refused):
    """
    One or more fields are wrong.

    `fields` maps the dotted path of each field (`data.invoice.currency`) to what is wrong and how to mend it.
    """

    status = 422

    def __init__(self, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = dict(fields or {})


class Missing(Refused):
    """There is no such thing."""

    status = 404


class Conflict(Refused):
    """The thing has moved on and no longer allows this."""

    status = 409


class Unavailable(NotifierError):
    """A part we depend on is away; `retry_after` says how long to wait, when that is known."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Misconfigured(NotifierError):
    """A setting is missing or wrong; the message names it and the remedy."""
