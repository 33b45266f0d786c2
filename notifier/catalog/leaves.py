"""The leaves of a trigger type's data as dotted paths, each with its type and whether it is always there."""

import types as python_types
from collections.abc import Iterator
from datetime import date
from functools import cache, lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct, UnsetType


class Leaf(Struct, frozen=True):
    """A field that holds a value: `data.invoice.amount`, `int`, always there. Dates are text, `2026-11-18`."""

    path: str
    kind: str
    """`string`, `int`, `double`, `bool` or `list`."""
    required: bool


@cache
def leaves(data: type[Struct]) -> dict[str, Leaf]:
    """Return the leaves of a trigger type's data, by path."""
    return {leaf.path: leaf for leaf in _walk(data, "data", required=True)}


def at(data: Any, path: str) -> Any:
    """Return the value at `data.…` in a trigger's JSON data; None where there is none."""
    value = data
    for name in _names(path):
        value = value.get(name) if isinstance(value, dict) else None
    return value


@lru_cache(maxsize=1000)
def _names(path: str) -> list[str]:
    return path.split(".")[1:]


def _walk(struct: type[Struct], path: str, *, required: bool) -> Iterator[Leaf]:
    hints = get_type_hints(struct)
    for field in msgspec.structs.fields(struct):
        kind, may_be_absent = _plain(hints[field.name])
        is_there = required and not may_be_absent and field.default is NODEFAULT
        here = f"{path}.{field.encode_name}"
        if isinstance(kind, type) and issubclass(kind, Struct):
            yield from _walk(kind, here, required=is_there)
        else:
            yield Leaf(here, _name(kind), is_there)


def _plain(hint: Any) -> tuple[Any, bool]:
    origin = get_origin(hint)
    if origin is Annotated:
        return _plain(get_args(hint)[0])
    if origin is Literal:
        return type(get_args(hint)[0]), False
    if origin in {Union, python_types.UnionType}:
        kinds = [one for one in get_args(hint) if one not in {type(None), UnsetType}]
        return _plain(kinds[0])[0], True
    return (origin or hint), False


def _name(kind: Any) -> str:
    names: dict[Any, str] = {str: "string", date: "string", int: "int", float: "double", bool: "bool", list: "list"}
    return names[kind]
