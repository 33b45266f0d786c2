"""Read a CloudEvent and say exactly what is wrong with it, if anything is."""

import re
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from notifier.catalog import types
from notifier.catalog.shapes import Customer
from notifier.customers.snapshot import Snapshot, digest
from notifier.errors import Invalid


class Event(Struct, frozen=True, kw_only=True):
    """A trigger as it came, validated."""

    id: str
    source: str
    type: str
    version: int
    customer_id: str
    time: datetime | None
    """When it happened; None: it did not say, so it is now."""
    data: bytes
    """JSON, as it came."""
    customer: Customer
    """What it says of the customer."""

    def snapshot(self, as_of: datetime) -> Snapshot:
        """Return the customer as the event describes them."""
        said = self.customer
        return Snapshot(
            id=self.customer_id,
            as_of=as_of,
            name=said.name,
            locale=said.locale,
            timezone=said.timezone,
            country=said.country,
            email=said.email,
            phone=said.phone,
            words=digest(said),
        )


class _Envelope(Struct, kw_only=True):
    specversion: str
    id: Annotated[str, Meta(min_length=1, max_length=200)]
    source: Annotated[str, Meta(min_length=1, max_length=200)]
    type: Annotated[str, Meta(min_length=1, max_length=200)]
    subject: Annotated[str, Meta(min_length=1, max_length=200)]
    data: Raw
    time: Annotated[datetime, Meta(tz=True)] | None = None
    datacontenttype: str | None = None
    data_base64: str | UnsetType | None = UNSET


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_data = {name: msgspec.json.Decoder(kind.data).decode for name, kind in types.TYPES.items()}
DEEPEST = 64
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_PATH = re.compile(r"^(?P<problem>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `([^`]*)`")


def read(raw: bytes | dict[str, Any]) -> Event | Invalid:
    """Read one structured CloudEvent 1.0; what is wrong comes back as a value, so that its neighbours can go on."""
    if isinstance(raw, dict):
        try:
            raw = msgspec.json.encode(raw)
        except (UnicodeEncodeError, TypeError, msgspec.MsgspecError):
            return _refused(*(_unstorable(raw) or ("", "It is not JSON.")))
    try:
        return _read(raw)
    except msgspec.ValidationError as error:
        return _refused(*_explained(str(error), ""))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _refused("", f"It is not JSON in UTF-8: {error}.")
    except RecursionError:
        return _refused("", "It is nested too deeply.")


def _read(raw: bytes) -> Event | Invalid:
    if is_too_deep(raw):
        return _refused("", f"It is nested too deeply: {DEEPEST} levels are the most.")
    envelope = _decode_envelope(raw)
    if b"\\u0000" in raw and (found := _unstorable(msgspec.json.decode(raw))):
        return _refused(*found)
    if found := _wrong(envelope):
        return _refused(*found)
    return _with_data(envelope)


def is_too_deep(raw: bytes) -> bool:
    """Tell whether lists and objects are nested deeper than whoever reads it later, on whatever stack, surely can."""
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return False
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", raw)):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEEPEST:
            return True
    return False


def _wrong(envelope: _Envelope) -> tuple[str, str] | None:
    if envelope.specversion != "1.0":
        return "specversion", "It must be '1.0'."
    if envelope.type not in types.TYPES:
        return "type", f"There is no trigger type {envelope.type!r}. Known: {', '.join(sorted(types.TYPES))}."
    if envelope.data_base64 is not UNSET:
        return "data_base64", "Send the data as JSON in `data`."
    kind = (envelope.datacontenttype or "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        return "datacontenttype", "Only application/json is read."
    if envelope.time is not None and envelope.time.year < 1970:
        return "time", "It must be later than 1970."
    return None


def _with_data(envelope: _Envelope) -> Event | Invalid:
    try:
        data = _decode_data[envelope.type](envelope.data)
        msgspec.json.decode(envelope.data)  # what we do not know of it is kept too, and has to be readable
    except msgspec.ValidationError as error:
        return _refused(*_explained(str(error), "data"))
    if data.customer.id is not UNSET and data.customer.id != envelope.subject:
        return _refused("data.customer.id", f"It must be the same as the subject, {envelope.subject!r}, or absent.")
    return Event(
        id=envelope.id,
        source=envelope.source,
        type=envelope.type,
        version=types.TYPES[envelope.type].version,
        customer_id=envelope.subject,
        time=envelope.time,
        data=bytes(envelope.data),
        customer=data.customer,
    )


def _explained(problem: str, root: str) -> tuple[str, str]:
    found = _PATH.match(problem)
    words, path = (found["problem"], found["path"] or "$") if found else (problem, "$")
    field = root + path.removeprefix("$")
    missing = _MISSING.fullmatch(words)
    if missing:
        return f"{field}.{missing[1]}".lstrip("."), "It is required and missing."
    return field.lstrip("."), words if words.endswith(".") else f"{words}."


def _unstorable(value: object, path: str = "") -> tuple[str, str] | None:
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            return path, "It holds a character that cannot be stored (U+0000, or half of a surrogate pair)."
        return None
    if isinstance(value, dict):
        pairs = [(f"{path}.{key}".lstrip("."), item) for key, item in value.items()]
        pairs += [(path, key) for key in value]
    elif isinstance(value, list):
        pairs = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    else:
        return None
    return next((found for where, item in pairs if (found := _unstorable(item, where))), None)


def _refused(field: str, remedy: str) -> Invalid:
    named = field or "the event"
    return Invalid(f"{named}: {remedy}", {field: remedy})
