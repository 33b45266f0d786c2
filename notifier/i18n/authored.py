"""Find what the authors of journeys and templates wrote for staff to read: a method of `locales/babel.cfg`."""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import yaml

Found = tuple[int, None, str, list[str]]


def journey(source: BinaryIO, _keywords: object, _tags: object, **_options: object) -> Iterator[Found]:
    """Yield a journey's title, its description, and its steps' names as the console shows them."""
    written = yaml.safe_load(source)
    texts = [written.get("title", ""), written.get("description", "")]
    texts += [as_title(step["name"]) for step in written.get("steps", ()) if "wait" not in step]
    yield from _found(texts)


def template(source: BinaryIO, _keywords: object, _tags: object, **_options: object) -> Iterator[Found]:
    """Yield what a template says it is for."""
    written: Mapping[str, Any] = yaml.safe_load(source)
    yield from _found([written.get("about", "")])


def as_title(name: str) -> str:
    """Return a name in a file (`first-notice`) as people read it (`First notice`)."""
    return name.replace("-", " ").replace("_", " ").capitalize()


def _found(texts: list[str]) -> Iterator[Found]:
    return ((1, None, text, []) for text in texts if text)
