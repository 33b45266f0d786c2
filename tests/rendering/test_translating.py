"""Templates as Python functions: in each case the words are those of Jinja, which is asked for the same."""

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.i18n import catalogs
from notifier.i18n.shipped import directory
from notifier.messages.content import Dictionary, sample
from notifier.providers.contract import Html
from notifier.rendering import preview
from notifier.rendering.language.compiling import Compiled, Wording
from notifier.rendering.language.writing import LONGEST
from notifier.rendering.library import Library
from notifier.rendering.render import context

LIBRARY = Library.load(directory("templates"))
CASES = [
    (template, channel, trigger)
    for template in LIBRARY.templates
    for channel in LIBRARY.channels(template)
    for trigger in LIBRARY.purpose(template).triggers
]
HOSTILE = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="&<>\"'\\\x00\ud800\u202e\u200f\u2028\x1f\n\xa0’é👩‍👧א{}%", max_size=12),
    st.sampled_from(["", " ", "None", "</script>", "2026-02-30", "x" * 3000, "EUR", "nps", "expired-card"]),
    st.integers(-(10**20), 10**20),
    st.sampled_from([None, True, False, 1.5, float("nan"), [], {}, ["a"], {"get": 1, "amount": 2}]),
)


def outcome(say: Callable[[Any], Any], values: dict[str, Any]) -> Any:
    try:
        return [str(text) for text in say(values)]
    except Exception as error:  # noqa: BLE001 - whatever there is to be compared
        return type(error), str(error)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [leaf for key, item in inside for leaf in leaves(item, (*path, key))]


def wordings(template: str, channel: Any, locale: str, country: str = "") -> dict[str, Wording]:
    return LIBRARY.compiled(template, channel, locale, catalogs.formatting(locale, country))


def make_values(template: str, channel: Any, trigger: str, locale: str) -> dict[str, Any]:
    data = preview.sample(trigger, locale, date(2026, 11, 18))
    facts = preview.facts(template, channel, locale, data=data)
    return context(facts, locale)


@pytest.mark.parametrize("locale", catalogs.LOCALES)
@pytest.mark.parametrize(("template", "channel", "trigger"), CASES)
def test_every_shipped_template_is_written_by_a_function(
    template: str, channel: str, trigger: str, locale: str
) -> None:
    values = make_values(template, channel, trigger, locale)

    for name, wording in wordings(template, channel, locale).items():
        is_given = channel == "whatsapp" and name == "words"
        known = dict.fromkeys(LIBRARY.approved(template).variables, "Ana & <Co>") if is_given else values
        assert wording.write
        assert outcome(wording.write, known) == outcome(wording.say_plainly, known)


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_a_function_says_what_jinja_says_or_leaves_it_to_it(drawn: st.DataObject) -> None:
    template, channel, trigger = drawn.draw(st.sampled_from(CASES))
    locale, country = drawn.draw(st.sampled_from([("pt_BR", "BR"), ("en", "IN"), ("es", "MX"), ("es", "")]))
    values = copy.deepcopy(make_values(template, channel, trigger, locale))
    for _ in range(drawn.draw(st.integers(1, 4))):
        *above, last = drawn.draw(st.sampled_from(leaves(values)))
        holder = values
        for key in above:
            holder = holder[key]
        if drawn.draw(st.booleans()):
            holder[last] = copy.deepcopy(drawn.draw(HOSTILE))
        else:
            del holder[last]

    wording = wordings(template, channel, locale, country)["given" if channel == "whatsapp" else "words"]
    assert wording.write
    plain, quick = outcome(wording.say_plainly, values), outcome(wording.write, values)

    assert quick == plain or isinstance(quick, tuple)
    assert outcome(wording.say, values) == plain


@settings(max_examples=100, deadline=None)
@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=30),
    st.sampled_from([case for case in CASES if case[1] == "email"]),
)
def test_html_kept_in_pieces_is_the_same_when_it_is_read(name: str, case: tuple[str, str, str]) -> None:
    template, channel, trigger = case
    wording = wordings(template, channel, "es")["words"]
    values = make_values(template, channel, trigger, "es") | {"brand": {"name": name, "address": name}}
    dictionary = Dictionary(sample(b'{"html":["",0]}', wording.pieces))

    for html in (text for text in wording.say(values) if isinstance(text, Html)):
        _, body = dictionary.pack(b'{"text":"x","html":%b}' % html.kept)
        kept = dictionary.unpack(body)

        assert (kept.text, kept.html) == ("x", str(html))
        assert len(body) < 2000


USUAL: list[dict[str, Any]] = [
    {"a": "a<b", "b": "", "c": {"d": "csat"}, "l": ["p", "", "q"], "n": 1},
    {"a": "", "b": "x", "c": {"d": "", "e": None}, "l": [], "n": 3},
    {"a": "é'&\\", "b": "y", "c": {"d": ""}, "l": ["", "qq"], "n": 2},
]
STRANGE: list[dict[str, Any]] = [
    {},
    {"a": None, "b": "\u202eé", "c": None, "l": "pq", "n": "2"},
    {"a": "\n\x00", "b": [], "c": {"d": 1.5, "items": "i", "missing": {}}, "l": [["m"]], "n": True},
]


@pytest.mark.parametrize("kind", ["text", "html", "sms"])
@pytest.mark.parametrize(
    "source",
    [
        "{% if a %}1{% elif b %}2{% elif c.d %}3{{ c.d }}{% else %}4{% endif %}{{ c.d }}",
        "{% if a %}x{% else %}{{ b|upper }}{% endif %}{% if c.d %}y{% else %}{{ b|upper }}{% endif %}{{ b|upper }}",
        "{% if a %}{{ b|upper }}{% endif %}{% if b %}y{% endif %}{% if a %}{{ b|upper }}{% else %}{{ c.d }}{% endif %}",
        "{% for x in l %}{% if x %}{{ x|upper }}{% else %}-{% endif %}{% if b %}{{ x|upper }}{% endif %}{% endfor %}",
        "{% for b in l %}{{ b }}{% if b %}{{ b|short(1) }}{% endif %}, {% endfor %}{{ b }}",
        "{% for x in l %}{% for x in l %}{{ x }}{% endfor %}{{ x }};{% endfor %}{{ x or '-' }}",
        "{{ a or c.d or 'x' }}{{ 'y' if a and c.d == 'z' else b }}{{ c.d if c else b }}",
        "{% if not a and (b is defined or c.e is none) %}{{ c.d }}{% endif %}{{ z is defined and 1 or 2 }}",
        "{% if b in ('x', 'y') %}in{% endif %}{% if b not in l %}out{% endif %}{% if n > 2 %}{{ n }}{% endif %}",
        "{% trans n=n %}{{ n }} day{% pluralize %}{{ n }} days{% endtrans %}{{ ngettext('a', 'b', n) }}",
        "{{ scales[c.d|default('nps')]|length }}{% for s in scales['csat'] %}{{ s }}{% endfor %}",
        "{{ a|e }}{{ '<b>' }}{{ _('<i>') }}{{ b or _('<i>') }}{{ 5 }}",
        "{% if z %}x{% endif %}{% if c.z %}x{% endif %}  {{ a }}  ",
    ],
)
def test_what_is_translated_is_said_as_by_jinja(source: str, kind: Any) -> None:
    for whole in (source, f"<p>{source}</p>"):
        wording = Compiled([(kind, whole), (kind, whole)], "en", catalogs.translations("en")).in_region("en")
        for values in (*USUAL, *STRANGE):
            assert outcome(wording.say, values) == outcome(wording.say_plainly, values)

    for values in USUAL:
        plain = outcome(wording.say_plainly, values)
        assert wording.write is None or outcome(wording.write, values) == plain or "undefined" in plain[1]
    assert wording.write or "in (" in source


@pytest.mark.parametrize("kind", ["text", "html", "sms"])
@pytest.mark.parametrize(
    "source",
    [
        "{{ c.items }}",
        "{% if c.items %}x{% endif %}{% if c.missing.deeper %}y{% endif %}",
        "{% if z %}x{% endif %}{{ z.deeper }}",
        "{{ l[0] }}{{ c['d'] }}{{ a.upper }}{{ a[0] }}",
        "{% if _ %}x{% endif %}{% for x in l %}{{ loop.index }}{% endfor %}",
        "{% set x = a %}{{ x }}{% set x = b %}{{ x }}",
        "{% for x in l if x %}{{ x }}{% else %}none{% endfor %}",
        "{{ 1.5 }}",
        "{{ a|short(class=3) }}",
        "{{ a }}\x00",
    ],
)
def test_what_is_not_is_left_to_jinja(source: str, kind: Any) -> None:
    wording = Compiled([(kind, f"<p>{source}</p>")], "en", catalogs.translations("en")).in_region("en")

    for values in (*USUAL, *STRANGE):
        assert outcome(wording.say, values) == outcome(wording.say_plainly, values)


@pytest.mark.parametrize("kind", ["text", "html"])
def test_a_text_too_long_is_refused_by_whoever_says_it(kind: Any) -> None:
    source = "<p>{% for x in l %}" + "y" * 100 + "{{ x }}{% endfor %}</p>"
    wording = Compiled([(kind, source)], "en", catalogs.translations("en")).in_region("en")

    assert outcome(wording.say, {"l": ["a"] * (LONGEST // 102)})[0].endswith("a</p>")
    assert "the most" in outcome(wording.say, {"l": ["a"] * (LONGEST // 100)})[1]
    assert "the most" in outcome(wording.say, {"l": ["a" * LONGEST]})[1]
