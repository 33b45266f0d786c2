"""Every template there is: read once from files, compiled once for each language and region it is asked for."""

from pathlib import Path
from typing import Literal, TypeVar, get_args

import msgspec
import yaml
from jinja2 import Template
from msgspec import Struct

from notifier.errors import Invalid, Missing
from notifier.i18n import catalogs
from notifier.messages.content import Dictionary
from notifier.providers.contract import Channel
from notifier.rendering.language import compiling, environment, mail

Kind = TypeVar("Kind")
Topic = Literal["billing", "service", "surveys", "offers", "news"]

FILES: dict[Channel, tuple[str, ...]] = {
    "email": ("email.subject", "email.preheader", "email.mjml", "email.txt"),
    "sms": ("sms.txt",),
    "whatsapp": ("whatsapp.txt", "whatsapp.yaml"),
}
LAYOUTS = ("email.mjml", "email.txt")
SEPARATOR = "\x1f"
"""A control character: no value can have it, as `cleaning.value` takes them out."""


class UnknownTemplate(Missing):
    """There is no such template, or it has no words for the channel."""


class BadTemplate(Invalid):
    """A template's files are not in order; names the file and the remedy."""


class Purpose(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`template.yaml`: what a template is for."""

    about: str
    """One sentence for whoever picks it."""
    topic: Topic
    triggers: tuple[str, ...]
    """The trigger types whose data it may speak of."""


class Button(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A button under a WhatsApp message."""

    title: str
    link: str


class Approved(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`whatsapp.yaml`: what Meta approves: the variables in their order, each an expression, and the buttons."""

    category: Literal["utility", "marketing"]
    variables: dict[str, str]
    buttons: tuple[Button, ...] = ()


class Library:
    """The templates of one directory. Load it with `Library.load`; it may be shared between threads."""

    def __init__(self, layouts: dict[str, str], purposes: dict[str, Purpose], files: dict[str, dict[str, str]]) -> None:
        self.layouts = layouts
        self.purposes = purposes
        self.files = files
        """Template → file name → text."""
        self.versions: dict[tuple[str, str], int] = {}
        """(template, channel) → published version; see `versions.publish`."""
        self.dictionaries: dict[tuple[str, str, str], Dictionary] = {}
        """(template, channel, locale) → what its messages are kept against; see `versions.publish`."""
        self._compiled: dict[tuple[str, str, str, str], dict[str, Template]] = {}
        self._approved: dict[str, Approved] = {}

    @classmethod
    def load(cls, directory: Path) -> "Library":
        """
        Read the templates under `directory` (which has `messages/` and `layouts/`).

        Raises:
            BadTemplate: a `template.yaml` is missing or wrong, or a channel's files are incomplete.
        """
        layouts = {name: _read(directory / "layouts" / name) for name in LAYOUTS}
        purposes, files = {}, {}
        for folder in sorted(path for path in (directory / "messages").iterdir() if path.is_dir()):
            files[folder.name] = {path.name: _read(path) for path in sorted(folder.iterdir()) if path.is_file()}
            purposes[folder.name] = _yaml(files[folder.name], folder.name, "template.yaml", Purpose)
            _require_whole(folder.name, files[folder.name])
        return cls(layouts, purposes, files)

    @property
    def templates(self) -> list[str]:
        return sorted(self.purposes)

    def channels(self, template: str) -> tuple[Channel, ...]:
        """Return the channels a template has words for."""
        if template not in self.files:
            raise UnknownTemplate(f"There is no template {template!r}. Known: {', '.join(self.templates)}.")
        return tuple(channel for channel in get_args(Channel) if FILES[channel][0] in self.files[template])

    def purpose(self, template: str) -> Purpose:
        self.channels(template)
        return self.purposes[template]

    def approved(self, template: str) -> Approved:
        """Return what Meta approves of a template's WhatsApp message."""
        if template not in self._approved:
            self._approved[template] = _yaml(self.files[template], template, "whatsapp.yaml", Approved)
        return self._approved[template]

    def compiled(self, template: str, channel: Channel, locale: str, region: str) -> dict[str, Template]:
        """
        Return the parts of a message, ready to be rendered: `html` and `text` (an email's with its subject before it);
        for WhatsApp also `given`: its variables and its buttons' titles and links. What is several stands in one part,
        with `SEPARATOR` between, so that Jinja is started once and not ten times.

        Raises:
            UnknownTemplate: there are no such words.
            Invalid, jinja2.TemplateSyntaxError: they cannot be compiled.
        """
        key = (template, channel, locale, region)
        if (parts := self._compiled.get(key)) is None:
            if channel not in self.channels(template):
                raise UnknownTemplate(f"Template {template!r} has no words for {channel}.")
            parts = self._compiled[key] = self._compile(template, channel, locale, region)
        return parts

    def _compile(self, template: str, channel: Channel, locale: str, region: str) -> dict[str, Template]:
        kind: environment.Kind = "sms" if channel == "sms" else "text"
        text, words = environment.environment(kind, locale, region), catalogs.translations(locale)
        compiled = {
            part: compiling.compiled(text, SEPARATOR.join(sources), words)
            for part, sources in self.sources(template, channel).items()
        }
        if channel == "email":
            html = environment.environment("html", locale, region)
            compiled["html"] = compiling.compiled(html, self.html(template), words)
        return compiled

    def sources(self, template: str, channel: Channel) -> dict[str, list[str]]:
        """Return the sources of each part of a channel that is plain text."""
        files = self.files[template]
        if channel == "email":
            whole = self.layouts["email.txt"].replace("[[ message ]]", files["email.txt"].strip())
            return {"text": [files["email.subject"].strip(), whole]}
        if channel == "sms":
            return {"text": [files["sms.txt"].strip()]}
        approved = self.approved(template)
        buttons = [source for button in approved.buttons for source in (button.title, button.link)]
        return {"text": [files["whatsapp.txt"].strip()], "given": [*approved.variables.values(), *buttons]}

    def html(self, template: str) -> str:
        """Return an email as HTML with its Jinja still in it."""
        files = self.files[template]
        return mail.compiled(
            self.layouts["email.mjml"],
            {
                "subject": files["email.subject"],
                "preheader": files["email.preheader"],
                "message": files["email.mjml"],
            },
        )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadTemplate(f"{path} cannot be read: {error.strerror}.") from error


def _yaml(files: dict[str, str], template: str, name: str, kind: type[Kind]) -> Kind:
    try:
        return msgspec.convert(yaml.safe_load(files[name]), kind)
    except KeyError as error:
        raise BadTemplate(f"{template}/{name} is missing.") from error
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise BadTemplate(f"{template}/{name}: {error}") from error


def _require_whole(template: str, files: dict[str, str]) -> None:
    for names in FILES.values():
        missing = [name for name in names if name not in files]
        if missing and len(missing) < len(names):
            raise BadTemplate(f"{template}/{missing[0]} is missing; the channel's other files are there.")
