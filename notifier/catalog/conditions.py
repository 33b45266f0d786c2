"""Conditions on a trigger, in CEL: every leaf of its data is a typed variable, so a misspelt one is refused."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from cel_expr_python import cel
from msgspec import Struct

from notifier.catalog import types
from notifier.catalog.leaves import Leaf, at, leaves
from notifier.errors import Refused

_WHERE = re.compile(r"<input>:(\d+):(\d+): (.*)")
_TYPES = {
    "string": (cel.Type.STRING, cel.Type("google.protobuf.StringValue")),
    "int": (cel.Type.INT, cel.Type("google.protobuf.Int64Value")),
    "double": (cel.Type.DOUBLE, cel.Type("google.protobuf.DoubleValue")),
    "bool": (cel.Type.BOOL, cel.Type("google.protobuf.BoolValue")),
    "list": (cel.Type.LIST, cel.Type.LIST),
}


class BadCondition(Refused):
    """A condition misspells a field, compares what cannot be compared, or is no expression that is true or false."""


class Verdict(Struct, frozen=True):
    """Whether a condition holds, and the values it looked at."""

    holds: bool
    facts: dict[str, Any]


class Condition(Struct, frozen=True):
    """A compiled condition."""

    text: str
    paths: tuple[str, ...]
    program: Any

    def ask(self, data: Mapping[str, Any]) -> Verdict:
        """Ask it of a trigger's data. Comparing a field that is not there does not hold (ask `== null` for that)."""
        facts = {path: at(data, path) for path in self.paths}
        return Verdict(self.program.eval(data=facts).value() is True, facts)  # an error's value is its text


def compile_condition(text: str, trigger_type: str) -> Condition:
    """
    Compile a condition for triggers of one type.

    Raises:
        BadCondition: naming the place and what is wrong there.
    """
    known = leaves(types.get(trigger_type).data)
    checked, running = _environments(trigger_type)
    try:
        result = checked.compile(text).return_type()
    except RuntimeError as error:  # the library's only exception
        raise BadCondition(_explained(str(error))) from None
    if result != cel.Type.BOOL:
        raise BadCondition(f"It must be true or false, and it is {result.name().lower()}.")
    words = set(re.findall(r"data(?:\.\w+)+", text))
    paths = tuple(sorted(path for path in known if any(word == path or word.startswith(f"{path}.") for word in words)))
    return Condition(text, paths, running.compile(text))


@cache
def _environments(trigger_type: str) -> tuple[Any, Any]:
    # Two, because the library checks nullable types but cannot be given their values: optional leaves run as dynamic.
    known = leaves(types.get(trigger_type).data).values()
    checked = {leaf.path: _TYPES[leaf.kind][0 if leaf.required else 1] for leaf in known}
    running = {leaf.path: _running(leaf) for leaf in known}
    return cel.NewEnv(variables=checked), cel.NewEnv(variables=running)


def _running(leaf: Leaf) -> Any:
    return _TYPES[leaf.kind][0] if leaf.required else cel.Type.DYN


def _explained(error: str) -> str:
    found = _WHERE.search(error)
    if not found:
        return error
    line, column, words = found.groups()
    return f"Line {line}, column {column}: {words.replace(' (in container ' + repr('') + ')', '')}."
