"""The catalogs hold what code and templates say."""

from pathlib import Path

from babel.messages.pofile import read_po

from notifier.i18n import extract

ROOT = Path(__file__).parents[2]


def _project(tmp_path: Path, text: str) -> Path:
    (tmp_path / "locales").mkdir(exist_ok=True)
    (tmp_path / "notifier").mkdir(exist_ok=True)
    (tmp_path / "locales" / "babel.cfg").write_text((ROOT / "locales" / "babel.cfg").read_text())
    (tmp_path / "notifier" / "said.py").write_text(text)
    return tmp_path


def test_a_new_text_comes_in_untranslated_and_english_is_itself(tmp_path: Path) -> None:
    root = _project(tmp_path, '_("Hello, world")\nngettext("%(num)s day", "%(num)s days", 2)')

    left = extract.update(root)

    assert left == {"pt_BR": ["%(num)s day", "Hello, world"], "en": [], "es": ["%(num)s day", "Hello, world"]}


def test_running_again_changes_nothing_and_a_text_that_is_gone_leaves(tmp_path: Path) -> None:
    root = _project(tmp_path, '_("Hello, world")')
    extract.update(root)
    path = root / "locales" / "pt_BR" / "LC_MESSAGES" / "messages.po"
    path.write_text(path.read_text().replace('"Hello, world"\nmsgstr ""', '"Hello, world"\nmsgstr "Olá, mundo"'))
    before = path.read_text()

    assert extract.update(root)["pt_BR"] == []
    assert path.read_text() == before

    extract.update(_project(tmp_path, '_("Bye")'))
    with path.open("rb") as file:
        assert [message.id for message in read_po(file) if message.id] == ["Bye"]
