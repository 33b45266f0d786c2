"""A bad event is refused by its field and told the remedy."""

from datetime import datetime
from typing import Any

import msgspec
import pytest

from notifier.errors import Invalid
from notifier.intake.events import Event, is_too_deep, read
from tests.support.happenings import happening


def changed(event: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    here, *rest = path.split(".", 1)
    if rest:
        return {**event, here: changed(event[here], rest[0], value)}
    return {key: old for key, old in event.items() if key != here} | ({} if value is ... else {here: value})


def test_an_event_in_order_is_read_with_what_it_says_of_the_customer(now: datetime) -> None:
    event = read(msgspec.json.encode(happening("payment.failed", at=now, phone=None)))

    assert isinstance(event, Event)
    assert (event.type, event.customer_id, event.time) == ("payment.failed", "cus_1", now)
    assert event.customer.phone is None
    assert event.snapshot(now).attributes is msgspec.UNSET


@pytest.mark.parametrize(
    ("path", "value", "field", "words"),
    [
        ("specversion", "0.3", "specversion", "1.0"),
        ("specversion", ..., "specversion", "required"),
        ("id", "", "id", "length"),
        ("id", "x" * 201, "id", "length"),
        ("source", "x" * 201, "source", "length"),
        ("subject", ..., "subject", "required"),
        ("type", "payment.fialed", "type", "Known: "),
        ("time", "2026-11-18T14:00:00", "time", "timezone"),
        ("time", "yesterday", "time", "RFC3339"),
        ("time", "0001-01-01T00:00:00Z", "time", "1970"),
        ("datacontenttype", "text/xml", "datacontenttype", "application/json"),
        ("data_base64", "aGk=", "data_base64", "JSON in `data`"),
        ("data.invoice.amount", "12", "data.invoice.amount", "Expected `int`"),
        ("data.invoice.currency", "reais", "data.invoice.currency", "regex"),
        ("data.invoice.lines", [], "data.invoice.lines", "length"),
        ("data.invoice.lines", [{"description": "x"}], "data.invoice.lines[0].amount", "required"),
        ("data.invoice.due_on", "2026-02-30", "data.invoice.due_on", "date"),
        ("data.customer.id", "somebody-else", "data.customer.id", "same as the subject"),
        ("data.customer", ..., "data.customer", "required"),
        ("data.customer.name", "a\x00b", "data.customer.name", "cannot be stored"),
        ("data.subscription.plan", "half \ud83d", "data.subscription.plan", "cannot be stored"),
        ("id", "a\x00b", "id", "cannot be stored"),
    ],
)
def test_the_wrong_field_is_named(now: datetime, path: str, value: Any, field: str, words: str) -> None:
    found = read(changed(happening("payment.failed", at=now), path, value))

    assert isinstance(found, Invalid)
    assert list(found.fields) == [field], found.fields
    assert words in found.fields[field]


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b"\xff\xfe", b'{"specversion": "1.0"', b"null", b'"\\ud800"', b'{"id":' * 9999]
)
def test_what_is_no_event_is_refused_and_not_raised(raw: bytes) -> None:
    assert isinstance(read(raw), Invalid)


@pytest.mark.parametrize("extra", [b"1e999", b"1" * 5000, b'"\\ud800"', b'["\\udc00"]'])
def test_what_could_not_be_read_again_is_refused_wherever_it_stands(now: datetime, extra: bytes) -> None:
    whole = msgspec.json.encode(changed(happening("payment.failed", at=now), "data.extra", "EXTRA"))
    assert isinstance(read(whole), Event)

    assert isinstance(read(whole.replace(b'"EXTRA"', extra)), Invalid)


def test_nesting_that_a_later_reader_might_not_bear_is_refused() -> None:
    data = b'"data": {"x": "[[[[", "extra": ' + b"[" * 70 + b"]" * 70 + b"}"
    head = b'{"specversion": "1.0", "id": "a", "source": "s", "type": "payment.failed", "subject": "c", '

    refused = read(head + data + b"}")

    assert isinstance(refused, Invalid)
    assert "nested too deeply" in str(refused)
    assert not is_too_deep(b'{"a": "' + b"[{" * 100 + b'\\"", "b": [' + b"{}," * 100 + b"{}]}")
