"""Every message template, in every language, for people with the strangest names."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from notifier.catalog import types
from notifier.i18n import catalogs
from notifier.i18n.shipped import directory
from notifier.providers.contract import Email
from notifier.rendering.facts import Brand, Facts, Links
from notifier.rendering.library import Library
from notifier.rendering.render import render

NOW = datetime(2026, 11, 18, 14, tzinfo=UTC)
LIBRARY = Library.load(directory("templates"))
NAMES = (
    "",
    "O'Neil & Søns <b>",
    "<script>alert(1)</script>",
    "{{ brand }} {% raw %} %(name)s {0}",
    "Ana\r\nBcc: everybody@example.com",
    "שלום \u202egnp.exe",
    "👩‍👩‍👧‍👦 Família " + "x" * 300,
)


@pytest.mark.parametrize("locale", catalogs.LOCALES)
@pytest.mark.parametrize("template", LIBRARY.templates)
def test_a_template_is_written_for_any_name(template: str, locale: str) -> None:
    for channel in LIBRARY.channels(template):
        for trigger in LIBRARY.purpose(template).triggers:
            data = types.get(trigger).sample(NOW)["data"]
            for name in NAMES:
                content = render(
                    LIBRARY,
                    Facts(
                        message_id=UUID(int=1),
                        template=template,
                        channel=channel,
                        locale=locale,
                        customer_id="cus_1",
                        customer_name=name,
                        data=data,
                        brand=Brand(name="Aurora", support_email="help@aurora.example"),
                        links=Links(public_url="https://notify.example", token="t0ken"),
                    ),
                )

                assert content.text.strip()
                assert "None" not in content.text
                if isinstance(content, Email):
                    assert "\n" not in content.subject
                    assert "<script>alert" not in str(content.html)
                    assert "<b>" not in str(content.html).replace("<b>Aurora", "")


def test_every_trigger_type_has_a_sample_of_its_own_schema() -> None:
    for kind in types.TYPES.values():
        assert kind.sample(NOW)["type"] == kind.name
        assert kind.schema()
