"""Columns of values as PostgreSQL reads them, each written in one call: lines for COPY, arrays for a statement."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from struct import pack
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format


def storable(words: str) -> str:
    """Return the text as PostgreSQL can keep it: without NUL, lone surrogates replaced."""
    return words.replace("\0", "").encode("utf-8", "replace").decode()


def as_lines(rows: Iterable[Sequence[Any]]) -> str:
    """Write rows of texts, numbers, moments, ids, bytes, lists of texts or None as COPY reads them."""
    # Column by column, and all rows as one text: row by row and value by value takes twice as long.
    columns = [_column(values) for values in zip(*rows, strict=True)]
    return "\n".join([*map("\t".join, zip(*columns, strict=True)), ""])


def _column(values: tuple[Any, ...]) -> Iterable[str]:
    try:
        together = "".join(values)
    except TypeError:
        return _other_than_text(values)
    return map(_text, values) if any(mark in together for mark in _ESCAPED) else values


def _other_than_text(values: tuple[Any, ...]) -> Iterable[str]:
    kinds = set(map(type, values))
    if kinds <= _LIKE_JSON:
        return _encoder.encode_lines(values).decode().replace('"', "").replace("null", r"\N").split("\n")[:-1]
    if kinds == {list}:
        return _column(tuple(map(_array, values)))
    return [_WRITTEN[type(one)](one) for one in values]


def _text(value: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPED[found[0]], value)


def _array(values: list[str]) -> str:
    if any("\\" in value or '"' in value for value in values):
        values = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(values) + '"}' if values else "{}"


_encoder = msgspec.json.Encoder()
_ESCAPED = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_SPECIAL = re.compile(r"[\\\t\n\r]")
#: What JSON writes as COPY reads it, but for quotes and null: all of a column in one call.
_LIKE_JSON = {int, UUID, datetime, type(None)}
_WRITTEN: dict[type, Callable[[Any], str]] = {
    str: _text,
    bytes: lambda value: rf"\\x{value.hex()}",
    list: lambda value: _text(_array(value)),
    type(None): lambda _value: r"\N",
}
#: An array quotes as JSON does, but knows no escapes other than of quotes and backslashes.
_ESCAPED_OTHERWISE = re.compile(rb'\\[^"\\]')
#: Ids (UUID) and times cost the server as much more to read so as they cost us less to write.
_LIKE_ARRAYS = ({str}, {int})
_OF_UUIDS, _OF_BYTES = (psycopg.adapters.types[name].oid for name in ("uuid", "bytea"))


class Array:
    """A list as PostgreSQL reads an array of any type."""

    __slots__ = ("written",)

    def __init__(self, written: bytes) -> None:
        self.written = written


class _ArrayDumper(Dumper):
    def dump(self, obj: Array) -> bytes:
        return obj.written


class BinaryArray(Array):
    """The same in binary."""

    __slots__ = ()


class _BinaryArrayDumper(_ArrayDumper):
    format = Format.BINARY


psycopg.adapters.register_dumper(Array, _ArrayDumper)
psycopg.adapters.register_dumper(BinaryArray, _BinaryArrayDumper)


def as_arrays(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with lists of texts or numbers as arrays, for `%(name)s`; others are for `%(name)b`."""
    return {name: _array_of(value) if type(value) is list else value for name, value in values.items()}


def _array_of(values: list[Any]) -> "Array | list[Any]":
    kinds = {*map(type, values)}
    if kinds == {UUID}:
        return _in_binary([one.int.to_bytes(16) for one in values], _OF_UUIDS)
    if kinds == {bytes} and len({*map(len, values)}) == 1:
        return _in_binary(values, _OF_BYTES)
    if kinds - {type(None)} not in _LIKE_ARRAYS:
        return values
    try:
        written = _encoder.encode(values)
    except (ValueError, TypeError, OverflowError):
        return values  # the driver says what is wrong with them
    if b"\\" in written and _ESCAPED_OTHERWISE.search(written):
        return values
    return Array(b"{%b}" % written[1:-1])


def _in_binary(items: list[bytes], oid: int) -> BinaryArray:
    """Write what is all of one length, and never null; the driver asks a method of each, which takes thrice as long."""
    length = pack("!i", len(items[0]))
    return BinaryArray(pack("!5i", 1, 0, oid, len(items), 1) + length + length.join(items))
