"""The templates' language: folding changes nothing but the time it takes; nothing dangerous can be said in it."""

import gettext
from datetime import date

import pytest

from notifier.i18n import catalogs
from notifier.i18n.shipped import directory
from notifier.rendering import preview
from notifier.rendering.language import compiling, environment, mail
from notifier.rendering.language.cleaning import Unrenderable
from notifier.rendering.library import Library
from notifier.rendering.render import context

LIBRARY = Library.load(directory("templates"))


class Shouting(gettext.NullTranslations):
    """A catalog that translates every text into something one can tell from it."""

    def gettext(self, message: str) -> str:
        return message.replace("due", "DUE").replace("%(day)s", "<%(day)s>")

    def pgettext(self, context: str, message: str) -> str:
        return f"{context}:{message}"


def said(source: str, *, html: bool = False, **values: object) -> str:
    wording = compiling.Compiled([("html" if html else "text", source)], "en", Shouting()).in_region("en")
    (text,) = wording.say(values)
    return str(text)


@pytest.mark.parametrize("locale", catalogs.LOCALES)
@pytest.mark.parametrize("template", LIBRARY.templates)
def test_a_compiled_template_says_what_its_source_says(template: str, locale: str) -> None:
    region = catalogs.formatting(locale)
    data = preview.sample(LIBRARY.purpose(template).triggers[0], locale, date(2026, 11, 18))
    values = context(preview.facts(template, "email", locale, data=data), locale)

    for channel in LIBRARY.channels(template):
        for name, texts in LIBRARY.texts(template, channel).items():
            is_given = channel == "whatsapp" and name == "words"
            known = dict.fromkeys(LIBRARY.approved(template).variables, "given") if is_given else values
            said = LIBRARY.compiled(template, channel, locale, region)[name].say(known)
            for (kind, source), text in zip(texts, said, strict=True):
                plain = environment.environment(kind, locale, region).from_string(source).render(known)
                assert str(text) == plain.strip()


def test_a_translation_stands_in_the_template_with_its_values_in_place() -> None:
    assert said("{% trans day=x %}due on {{ day }}, 100%{% endtrans %}", x="Monday") == "DUE on <Monday>, 100%"
    assert said("{% if _('due') %}{{ _('due') }}{% endif %}") == "DUE"
    assert said("{{ pgettext('month', 'due') }}") == "month:due"
    assert said("{{ name or _('due') }}", name="") == "DUE"


def test_a_translation_may_hold_markup_and_a_value_may_not() -> None:
    assert said("{% trans day=x %}<b>{{ day }}</b>{% endtrans %}", html=True, x="<i>") == "<b><&lt;i&gt;></b>"
    assert said("{{ name or _('<b>due</b>') }}", html=True, name="") == "<b>DUE</b>"


def test_what_was_compiled_once_is_said_as_in_each_region() -> None:
    source = '{{ data.amount|money("EUR") }}; {{ 123456|money("EUR") }}; {{ "2026-11-18"|date("short") }}'
    compiled = compiling.Compiled([("text", source)], "es", Shouting())

    here, there = (compiled.in_region(region).say({"data": {"amount": 1990}}) for region in ("es_ES", "es_MX"))

    assert here == ("19,90\xa0€; 1.234,56\xa0€; 18/11/26",)
    assert there == ("EUR19.90; EUR1,234.56; 18/11/26",)


@pytest.mark.parametrize("value", [None, True, 1.5, {"a": 1}, ["a"]])
def test_what_is_no_text_is_not_written(value: object) -> None:
    with pytest.raises(Unrenderable, match="no text"):
        said("{{ value }}", value=value)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ data.items() }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 'a' ~ 'a' }}",
        "{% for a in data recursive %}{{ loop(a) }}{% endfor %}",
        "{% for a in range(1000000000) %}{% endfor %}",
        "{% for a in d %}{% for b in d %}{% for c in d %}{% endfor %}{% endfor %}{% endfor %}",
        "{% set a %}{{ a }}{{ a }}{% endset %}",
        "{% include 'other' %}",
        "{% macro a() %}{{ a() }}{% endmacro %}",
        "{{ a|attr('b') }}",
        "{{ a|safe }}",
        "{{ lipsum() }}",
        "{{ _(data.name) }}",
    ],
)
def test_nothing_reaches_python_or_runs_for_ever(source: str) -> None:
    with pytest.raises(compiling.NotAllowed):
        said(source, data={}, d=[])


def test_jinja_goes_through_mjml_unharmed_and_at_rules_stay() -> None:
    layout = (
        "<mjml><mj-head><mj-style>@media (prefers-color-scheme: dark) { p { color: red } }</mj-style></mj-head>"
        "<mj-body><mj-section><mj-column>[[ message ]]</mj-column></mj-section></mj-body></mjml>"
    )

    html = mail.compiled(layout, {"message": '<mj-text>{% if a < 3 and b %}{{ "<&>" }}{% endif %}</mj-text>'})

    assert '{% if a < 3 and b %}{{ "<&>" }}{% endif %}' in html
    assert "prefers-color-scheme: dark" in html


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("<mj-txt>a</mj-txt>", "no element mj-txt"),
        ("<mj-text>a", "cannot be read"),
        ("[[ footer ]]", "which no email has"),
    ],
)
def test_mjml_that_would_be_swallowed_is_refused(message: str, fault: str) -> None:
    layout = f"<mjml><mj-body><mj-section><mj-column>{message}</mj-column></mj-section></mj-body></mjml>"

    with pytest.raises(mail.BadMail, match=fault):
        mail.compiled(layout, {"message": ""})


@pytest.mark.parametrize("locale", catalogs.LOCALES)
@pytest.mark.parametrize("template", LIBRARY.templates)
def test_an_email_is_fit_for_every_reader(template: str, locale: str) -> None:
    html = str(preview.preview(LIBRARY, template, "email", locale).html)  # type: ignore[union-attr] # emails have it

    assert f'<html lang="{locale.replace("_", "-")}"' in html
    assert "color-scheme" in html
    assert html.count("<h1") == 1
    assert "<title></title>" not in html
    assert len(html.encode()) < 80_000
    assert "/unsubscribe" in html
    assert "<img" not in html
