"""What becomes of a request: an answer, or one of two failures that must never be mistaken for each other."""

import math
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from msgspec import Struct


class Unsent(Struct, frozen=True):
    """Not a byte of the request can have reached the other side."""

    detail: str


class Broken(Struct, frozen=True):
    """Bytes of the request may have gone out, and there is no whole answer to it."""

    detail: str


class Headers(Mapping[str, str]):
    """
    Header fields, read when somebody asks: of an answer that says yes, most ask for one or none.

    Names are lower-case; of a repeated one the last counts.
    """

    __slots__ = ("_interim", "_raw")

    def __init__(self, raw: bytes, interim: int = 0) -> None:
        """`raw` begins with so many interim answers and the head, in which the parser has found every line in order."""
        self._raw = raw
        self._interim = interim

    def __getitem__(self, name: str) -> str:
        head = self._head()
        before, found, _ = head.lower().rpartition(f"\r\n{name}:".encode())
        if not found:
            raise KeyError(name)
        return head[len(before) + len(found) :].partition(b"\r\n")[0].strip(b" \t").decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        names = (line.partition(b":")[0].lower().decode("latin-1") for line in self._head().split(b"\r\n")[1:])
        return iter(dict.fromkeys(names))

    def _head(self) -> bytes:
        return self._raw.lstrip(b"\r\n").split(b"\r\n\r\n", self._interim + 1)[self._interim]

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))


LONGEST_WAIT = 86_400.0


class Answer(Struct, frozen=True):
    """What the other side said. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Read the body; an empty object when it is no JSON object."""
        try:
            read = msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            return {}
        return read if isinstance(read, dict) else {}

    def retry_after(self) -> float | None:
        """
        Return the seconds to wait by Retry-After, else by X-RateLimit-Reset read against the answer's own Date.

        At most a day, whatever is said: no clock could hold what some say (milliseconds taken for seconds).
        """
        try:
            seconds = self._wait()
        except (ValueError, KeyError, TypeError, OverflowError):
            return None
        return None if seconds is None or math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT)

    def _wait(self) -> float | None:
        if after := self.headers.get("retry-after"):
            return float(after) if after.strip().isdigit() else self._until(parsedate_to_datetime(after))
        if reset := self.headers.get("x-ratelimit-reset"):
            return float(reset) - parsedate_to_datetime(self.headers["date"]).timestamp()
        return None

    def _until(self, moment: Any) -> float:
        return float((moment - parsedate_to_datetime(self.headers["date"])).total_seconds())


Told = Answer | Unsent | Broken
