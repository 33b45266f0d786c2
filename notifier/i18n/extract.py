"""
Bring the catalogs up to date with the texts in code and templates: `python -m notifier.i18n.extract`.

A text that is gone leaves the catalogs; a new one comes in untranslated, for a person to translate. Nothing is guessed.
"""

import sys
from copy import deepcopy
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from notifier.i18n import catalogs, shipped

KEYWORDS = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}

# Babel's own header has dates and tool versions in it, which would change with every run and say nothing.
_HEADER = """\
msgid ""
msgstr ""
"Language: {locale}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""


def extracted(root: Path) -> Catalog:
    """Return every text under `root` that `locales/babel.cfg` says where to find, without places, sorted."""
    with (root / "locales" / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call] # Babel leaves it unannotated
    found = Catalog(charset="utf-8")
    for _, _, text, comments, context in extract_from_dir(
        root, methods, options, keywords=KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
    ):
        found.add(text, auto_comments=comments, context=context)
    return found


def update(root: Path) -> dict[str, list[str]]:
    """Update the catalogs of all locales; return the texts each still has to translate."""
    found = extracted(root)
    return {
        locale: _update(root / "locales" / locale / "LC_MESSAGES" / "messages.po", locale, found)
        for locale in catalogs.LOCALES
    }


def untranslated(catalog: Catalog) -> list[str]:
    """Return the msgids without a translation, or with some plural form missing."""
    missing = []
    for message in catalog:
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and (message.fuzzy or not all(texts)):
            missing.append(message.id if isinstance(message.id, str) else message.id[0])
    return sorted(missing)


def _update(path: Path, locale: str, found: Catalog) -> list[str]:
    catalog = Catalog(locale=locale, charset="utf-8")
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=locale)
    catalog.update(deepcopy(found), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    for message in catalog:
        if locale == "en" and message.id:
            message.string = message.id
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(_HEADER.format(locale=locale, plurals=catalog.plural_forms).encode())
        write_po(file, catalog, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True, width=120)
    return untranslated(catalog)


def main() -> int:
    """Update the catalogs and say what is left to translate; the exit code is 1 when something is."""
    left = update(shipped.directory("locales").parent)
    for locale, texts in left.items():
        sys.stdout.write(f"{locale}: {len(texts)} to translate\n")
        sys.stdout.writelines(f"  {text}\n" for text in texts)
    return 1 if any(left.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
