"""The WhatsApp wordings as Meta approves them: numbered variables with samples, in every locale."""

from datetime import date

from notifier.i18n import catalogs
from notifier.providers.contract import ApprovedTemplate
from notifier.providers.twilio.content import Wording
from notifier.rendering.library import Library
from notifier.rendering.preview import facts, preview, sample
from notifier.rendering.render import context, given

SAMPLED_ON = date(2026, 1, 15)
"""The samples must not change with the day: a wording is known by its digest."""


def wordings(library: Library, *, public_url: str) -> list[Wording]:
    """Return every WhatsApp template in every locale."""
    return [
        _wording(library, template, locale, public_url)
        for template in library.templates
        if "whatsapp" in library.channels(template)
        for locale in catalogs.LOCALES
    ]


def _wording(library: Library, template: str, locale: str, public_url: str) -> Wording:
    approved = library.approved(template)
    made = library.compiled(template, "whatsapp", locale, catalogs.formatting(locale))
    numbered = {name: f"{{{{{number}}}}}" for number, name in enumerate(approved.variables, start=1)}
    sampled = preview(library, template, "whatsapp", locale, today=SAMPLED_ON)
    assert isinstance(sampled, ApprovedTemplate)
    data = sample(library.purpose(template).triggers[0], locale, SAMPLED_ON)
    values = context(facts(template, "whatsapp", locale, data=data), locale)
    _, said = given(library, made["given"], values, template)
    buttons = [(title, f"{public_url}/m/{{{{{len(numbered) + 1 + place}}}}}") for place, (title, _) in enumerate(said)]
    return Wording(
        name=f"{template}.{locale}",
        language=locale,
        body=made["words"].say(numbered | {"lang": values["lang"]})[0].strip(),
        samples=dict(sampled.variables),
        buttons=tuple(buttons),
    )
