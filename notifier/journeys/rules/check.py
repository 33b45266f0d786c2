"""Check the journeys on disk and say, in words and with the line, what is wrong and how to mend it."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from notifier.catalog import types
from notifier.catalog.conditions import BadCondition, compile_condition
from notifier.catalog.leaves import leaves
from notifier.journeys.rules import definition as read
from notifier.journeys.rules.definition import Definition, Span, Step

_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_Found = tuple[str, str, str]
"""Path in the file (`steps.0.wait`), what is wrong, remedy."""


class Problem(Struct, frozen=True, kw_only=True):
    """One mistake."""

    file: str
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what} {self.remedy}"


def check(directory: Path) -> list[Problem]:
    """Return every mistake in `journeys/*.yaml` under the templates' directory, in order of file and line."""
    return [problem for path in sorted(directory.glob("journeys/*.yaml")) for problem in _file(path, directory)]


def _file(path: Path, directory: Path) -> list[Problem]:
    name, source = f"journeys/{path.name}", path.read_text(encoding="utf-8")
    try:
        root = yaml.compose(source, Loader=yaml.BaseLoader)
        parsed = read.parse(source)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return [Problem(file=name, line=line, what="This is not YAML.", remedy=f"{error.problem}.")]
    except msgspec.ValidationError as error:
        words, _, where = str(error).partition(" - at `$")
        place = where.rstrip("`").lstrip(".").replace("[", ".").replace("]", "")
        if unknown := _UNKNOWN.search(words):
            place = f"{place}.{unknown[1]}".lstrip(".")
        remedy = "See the journeys that come along for how it is written."
        return [Problem(file=name, line=_line(root, place), what=f"{words} ({place or 'journey'}).", remedy=remedy)]
    found = list(_mistakes(parsed, path.stem, directory))
    problems = [Problem(file=name, line=_line(root, place), what=what, remedy=remedy) for place, what, remedy in found]
    return sorted(problems, key=lambda problem: problem.line)


def _mistakes(journey: Definition, stem: str, directory: Path) -> Iterator[_Found]:
    if journey.journey != stem:
        yield "journey", f"The journey is called {journey.journey!r} and its file {stem!r}.", "Give both one name."
    if journey.on not in types.TYPES:
        yield "on", f"There is no trigger type {journey.on!r}.", f"Known: {', '.join(sorted(types.TYPES))}."
        return
    yield from _span("expires_after", journey.expires_after)
    yield from _path("about", journey.about, journey.on)
    if journey.when:
        try:
            compile_condition(journey.when, journey.on)
        except BadCondition as error:
            known = ", ".join(sorted(leaves(types.get(journey.on).data)))
            yield "when", f"The condition cannot be read. {error}", f"{journey.on} has: {known}."
    yield from _ends(journey)
    yield from _steps(journey, directory)


def _ends(journey: Definition) -> Iterator[_Found]:
    for place, end in enumerate(journey.ends_on):
        here = f"ends_on.{place}"
        if end.trigger not in types.TYPES:
            known = ", ".join(sorted(types.TYPES))
            yield f"{here}.trigger", f"There is no trigger type {end.trigger!r}.", f"Known: {known}."
            continue
        if end.trigger == journey.on:
            yield f"{here}.trigger", "The trigger that starts the journey cannot end it.", "Remove it here."
        yield from _path(f"{here}.about", end.about, end.trigger)
        yield from _path(f"{here}.of", end.of or journey.about, journey.on)


def _steps(journey: Definition, directory: Path) -> Iterator[_Found]:
    if not journey.steps:
        yield "steps", "There are no steps.", "Write at least one that sends."
        return
    if "email" not in journey.steps[0].channels:
        yield "steps.0", "The first step sends no email.", "Add `also: [email]`, or email among its channels."
    if journey.steps[-1].wait:
        last = f"steps.{len(journey.steps) - 1}"
        yield last, "Nothing follows the last wait.", "Remove it, or send something after it."
    names = Counter(step.name for step in journey.steps)
    for place, step in enumerate(journey.steps):
        here = f"steps.{place}"
        if names[step.name] > 1:
            yield f"{here}.name", f"Two steps are called {step.name!r}.", "Messages are told apart by it: rename one."
        if sum(kind is not None for kind in (step.send, step.first_of, step.wait)) != 1:
            yield here, "A step is one of `send`, `first_of` and `wait`.", "Leave one of them."
        if step.wait is not None:
            yield from _span(f"{here}.wait", step.wait)
        if step.first_of:
            yield from _span(f"{here}.first_of.within", step.first_of.within)
        if step.template:
            yield from _sends(f"{here}.{'send' if step.send else 'first_of'}", step, journey.on, directory)


def _sends(here: str, step: Step, trigger_type: str, directory: Path) -> Iterator[_Found]:
    folder = directory / "messages" / step.template
    channels = step.channels
    if not (step.send or step.first_of) or not channels or (step.first_of and not step.first_of.channels):
        yield f"{here}.channels", "No channel is named.", "Name at least one of email, sms, whatsapp."
    if len(set(channels)) < len(channels):
        yield f"{here}.channels", "A channel is named twice.", "Each can be used once in a step."
    if "/" in step.template or not (folder / "template.yaml").is_file():
        yield (
            f"{here}.template",
            f"There is no template {step.template!r}.",
            f"Make templates/messages/{step.template}.",
        )
        return
    about = yaml.safe_load((folder / "template.yaml").read_text(encoding="utf-8"))
    if trigger_type not in about.get("triggers", []):
        what = f"The template {step.template!r} is not written for {trigger_type}."
        yield f"{here}.template", what, "List the trigger in its template.yaml, if its words fit, or choose another."
    for channel in sorted(set(channels)):
        if not any(folder.glob(f"{channel}.*")):
            what = f"The template {step.template!r} has no words for {channel}."
            yield f"{here}.channels", what, f"Write templates/messages/{step.template}/{channel}.txt."


def _span(place: str, written: str) -> Iterator[_Found]:
    try:
        Span(written).length  # noqa: B018 - reading it is the check
    except ValueError:
        yield place, f"{written!r} is no time to wait.", "Write a number and a unit: 90s, 30m, 2h or 3d."


def _path(place: str, path: str, trigger_type: str) -> Iterator[_Found]:
    known = leaves(types.get(trigger_type).data)
    if path not in known:
        yield place, f"{trigger_type} has no {path!r}.", f"It has: {', '.join(sorted(known))}."
    elif not known[path].required or known[path].kind not in {"string", "int"}:
        yield place, f"{path!r} may be absent from {trigger_type}.", "Choose a field that is always there, as an id is."


def _line(root: Any, place: str) -> int:
    """Return the line of a place in the file; of the nearest thing around it that is written, if it is not."""
    node, line = root, 1
    for name in place.split(".") if place else ():
        if isinstance(node, yaml.SequenceNode) and name.isdigit() and int(name) < len(node.value):
            node = node.value[int(name)]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == name), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        else:
            break
    return line
