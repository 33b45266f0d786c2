"""The JSON of a gateway: blanks to fill in what we send, places to look at in what it says."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

BLANKS = ("to", "to_digits", "from", "text", "attempt", "callback_url")
"""`to_digits`: the number without its plus sign, as some gateways want it."""
_BLANK = re.compile(r"\{(\w*)\}")
_LONGEST_WORD = 60


def fill(shape: Any, values: Mapping[str, str]) -> Any:
    """Return the shape with each blank in its texts replaced, once: what a value contains is no blank."""
    if isinstance(shape, str):
        return _BLANK.sub(lambda found: values[found[1]], shape)
    if isinstance(shape, Mapping):
        return {key: fill(value, values) for key, value in shape.items()}
    if isinstance(shape, list):
        return [fill(value, values) for value in shape]
    return shape


def blanks(shape: Any) -> Iterator[str]:
    """Name the blanks of a shape."""
    if isinstance(shape, str):
        yield from (found[1] for found in _BLANK.finditer(shape))
    elif isinstance(shape, Mapping):
        for value in shape.values():
            yield from blanks(value)
    elif isinstance(shape, list):
        for value in shape:
            yield from blanks(value)


def at(said: Any, path: str) -> Any:
    """Return what stands at a dotted path (`messages.0.id`), None where nothing does; an empty path is the whole."""
    for step in path.split(".") if path else ():
        if isinstance(said, Mapping):
            said = said.get(step)
        elif isinstance(said, list) and step.isascii() and step.isdigit() and int(step) < len(said):
            said = said[int(step)]
        else:
            return None
    return said


def word(said: Any) -> str:
    """Return a text, number or truth value as one writes it in the configuration; anything else is empty."""
    if isinstance(said, bool):
        return str(said).lower()
    return str(said).strip()[:_LONGEST_WORD] if isinstance(said, str | int | float) else ""
