"""Every template there is: read once from files, compiled once for each language and region it is asked for."""

from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar, get_args

import msgspec
import yaml
from jinja2 import TemplateError
from msgspec import Struct

from notifier.errors import Invalid, Missing, NotifierError
from notifier.i18n import catalogs
from notifier.messages.content import Dictionary
from notifier.providers.contract import Channel
from notifier.rendering.language import mail
from notifier.rendering.language.compiling import Compiled, Wording
from notifier.rendering.language.environment import Kind

Read = TypeVar("Read")
Topic = Literal["billing", "service", "surveys", "offers", "news"]

FILES: dict[Channel, tuple[str, ...]] = {
    "email": ("email.subject", "email.preheader", "email.mjml", "email.txt"),
    "sms": ("sms.txt",),
    "whatsapp": ("whatsapp.txt", "whatsapp.yaml"),
}
LAYOUTS = ("email.mjml", "email.txt")


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
        self._compiled: dict[tuple[str, str, str], dict[str, Compiled]] = {}
        self._wordings: dict[tuple[str, str, str, str], dict[str, Wording]] = {}
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

    def compile(self) -> None:
        """Compile everything now, and not when the first message of each kind is due."""
        for template in self.templates:
            for channel in self.channels(template):
                for locale in catalogs.LOCALES:
                    # What cannot be compiled says so to whoever asks for it.
                    with suppress(NotifierError, TemplateError):
                        self.compiled(template, channel, locale, catalogs.formatting(locale))

    def compiled(self, template: str, channel: Channel, locale: str, region: str) -> dict[str, Wording]:
        """
        Return a message's `words` (of an email: subject, text, HTML); for WhatsApp also `given`: its variables, and its
        buttons' titles and links.

        Raises:
            UnknownTemplate: there are no such words.
            Invalid, jinja2.TemplateSyntaxError: they cannot be compiled.
        """
        key = (template, channel, locale, region)
        if (wordings := self._wordings.get(key)) is None:
            if channel not in self.channels(template):
                raise UnknownTemplate(f"Template {template!r} has no words for {channel}.")
            if (compiled := self._compiled.get(key[:3])) is None:
                words = catalogs.translations(locale)
                compiled = self._compiled[key[:3]] = {
                    name: Compiled(texts, locale, words) for name, texts in self.texts(template, channel).items()
                }
            wordings = self._wordings[key] = {name: made.in_region(region) for name, made in compiled.items()}
        return wordings

    def texts(self, template: str, channel: Channel) -> dict[str, list[tuple[Kind, str]]]:
        """Return the sources of what is said together."""
        files = self.files[template]
        if channel == "email":
            whole = self.layouts["email.txt"].replace("[[ message ]]", files["email.txt"].strip())
            return {"words": [("text", files["email.subject"].strip()), ("text", whole), ("html", self.html(template))]}
        if channel == "sms":
            return {"words": [("sms", files["sms.txt"].strip())]}
        approved = self.approved(template)
        given = [
            *approved.variables.values(),
            *(side for button in approved.buttons for side in (button.title, button.link)),
        ]
        return {"words": [("text", files["whatsapp.txt"].strip())], "given": [("text", source) for source in given]}

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


def _yaml(files: dict[str, str], template: str, name: str, kind: type[Read]) -> Read:
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
