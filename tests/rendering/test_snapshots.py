"""
Every message as its reader gets it, kept as files so that a change of words shows in the diff.

Set UPDATE_SNAPSHOTS=1 to write them anew, and read what changed before committing it.
"""

import os
from pathlib import Path

import pytest

from notifier.i18n import catalogs
from notifier.i18n.shipped import directory
from notifier.providers.contract import ApprovedTemplate, Channel, Content, Email
from notifier.rendering import segments
from notifier.rendering.library import Library
from notifier.rendering.preview import preview

SNAPSHOTS = Path(__file__).parent / "snapshots"
LIBRARY = Library.load(directory("templates"))
CASES = [
    (template, channel, locale)
    for template in LIBRARY.templates
    for channel in LIBRARY.channels(template)
    for locale in catalogs.LOCALES
]


@pytest.mark.parametrize(("template", "channel", "locale"), CASES)
def test_a_message_reads_as_it_did(template: str, channel: Channel, locale: str) -> None:
    content = preview(LIBRARY, template, channel, locale)

    compare(f"{template}.{channel}.{locale}.txt", _written(content))
    if isinstance(content, Email):
        compare(f"{template}.{channel}.{locale}.html", f"{content.html}\n")


def test_no_snapshot_is_left_of_a_message_that_is_gone() -> None:
    wanted = {f"{template}.{channel}.{locale}" for template, channel, locale in CASES}

    assert {path.stem for path in SNAPSHOTS.iterdir()} == wanted


def compare(name: str, text: str) -> None:
    path = SNAPSHOTS / name
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{name} is new: run with UPDATE_SNAPSHOTS=1 and read it"
    assert text == path.read_text(encoding="utf-8"), (
        f"{name} has changed: run with UPDATE_SNAPSHOTS=1 and read the diff"
    )


def _written(content: Content) -> str:
    if isinstance(content, Email):
        return f"Subject: {content.subject}\nList-Unsubscribe: {content.unsubscribe_url}\n\n{content.text}"
    if isinstance(content, ApprovedTemplate):
        listed = "".join(f"{number}: {value}\n" for number, value in content.variables.items())
        return f"{content.text}\n\n{listed}"
    counted = segments.count(content.text)
    return f"{content.text}\n\n{counted.encoding}, {counted.segments} segment(s), {counted.units} units\n"
