"""Every setting, read once from the environment into one frozen value."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from notifier.errors import Misconfigured

PREFIX = "NOTIFIER_"
#: What the tests are told (`NOTIFIER_TEST_DATABASE_URL` …) is no setting, and no mistake either.
TESTS = PREFIX + "TEST_"


def _about(text: str) -> Meta:
    return Meta(description=text)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment says: each field is `NOTIFIER_<FIELD>`, or the text of the file `NOTIFIER_<FIELD>_FILE`."""

    database_url: Annotated[str, _about("PostgreSQL, `postgresql://…`. Unset: one from a wheel, kept under `VAR`.")] = (
        ""
    )
    broker_url: Annotated[
        str, _about("`redis://…` or `amqp://…` to wake workers on other machines. Unset: PostgreSQL wakes them.")
    ] = ""
    var: Annotated[Path, _about("Where the embedded database and the generated secret live.")] = Path("var")
    public_url: Annotated[
        str, _about("Where customers and providers reach the web process; links and signatures are made with it.")
    ] = "http://127.0.0.1:8000"
    secret_key: Annotated[
        str, _about("Signs links and sessions. Unset: generated once and kept in `VAR/secret.key`.")
    ] = ""
    default_locale: Annotated[str, _about("For customers whose locale we do not speak: `pt_BR`, `en` or `es`.")] = "en"
    brand: Annotated[str, _about("The business's name, as customers know it.")] = "Aurora"
    brand_address: Annotated[str, _about("Postal address in the footer of emails (CAN-SPAM, CASL).")] = ""
    support_email: Annotated[str, _about("Where a customer can write to a person.")] = "help@aurora.example"
    email_from: Annotated[str, _about("Sender of emails: `Name <address>`.")] = "Aurora <billing@aurora.example>"
    email_reply_to: Annotated[str, _about("Where answers to emails go; its domain must reach the inbound hook.")] = (
        "reply@aurora.example"
    )
    twilio_account_sid: Annotated[str, _about("Twilio account, `AC…`. Unset: no SMS or WhatsApp.")] = ""
    twilio_auth_token: Annotated[str, _about("Twilio auth token; it also verifies Twilio's callbacks.")] = ""
    twilio_api_url: Annotated[str, _about("Twilio's API; the sandbox is simply another URL.")] = (
        "https://api.twilio.com"
    )
    twilio_sms_from: Annotated[str, _about("SMS sender: E.164 number, or a Messaging Service `MG…`.")] = ""
    twilio_whatsapp_from: Annotated[str, _about("WhatsApp sender, E.164.")] = ""
    sendgrid_api_key: Annotated[str, _about("SendGrid API key, `SG.…`. Unset: email goes by SMTP, if that is set.")] = (
        ""
    )
    sendgrid_api_url: Annotated[str, _about("SendGrid's API; the sandbox is simply another URL.")] = (
        "https://api.sendgrid.com"
    )
    sendgrid_webhook_key: Annotated[
        str, _about("Public key (base64) of SendGrid's signed event webhook; several, comma-separated, while rotating.")
    ] = ""
    sendgrid_inbound_secret: Annotated[
        str, _about("The secret part of the inbound email hook's URL: `/hooks/sendgrid/inbound/{secret}`.")
    ] = ""
    smtp_url: Annotated[
        str, _about("`smtp://user:password@host:587` (or `smtps://`). Used when SendGrid is not set.")
    ] = ""
    bounce_address: Annotated[
        str, _about("Where mails by SMTP come back to, e.g. `bounces@example.com`; `notifier bounces` takes them in.")
    ] = ""
    dkim_selector: Annotated[str, _about("Signs mails by SMTP: the selector of the key's record in DNS.")] = ""
    dkim_domain: Annotated[str, _about("The domain that signs; that of the sender, or the one above it.")] = ""
    dkim_key: Annotated[str, _about("Path of the RSA private key (PEM) that signs.")] = ""
    providers: Annotated[
        str, _about("TOML file (or inline JSON) of further providers, and of priorities and limits: docs/providers.md.")
    ] = ""
    sandbox_url: Annotated[str, _about("Where staff can look at the sandbox's phones; set by `notifier demo`.")] = ""
    host: Annotated[str, _about("Address the web process listens on.")] = "127.0.0.1"
    port: Annotated[int, _about("Port of the web process; the sandbox takes the next one.")] = 8000
    calls: Annotated[
        int,
        _about("Provider calls in flight at once in a worker process, of each lane and of what was just planned."),
    ] = 500
    lease_seconds: Annotated[
        float, _about("A provider call not settled after this long is `unknown`: its worker is gone.")
    ] = 30.0
    evidence_seconds: Annotated[
        float, _about("How long evidence of an `unknown` call is waited for before the topic's policy decides.")
    ] = 600.0
    whatsapp_content: Annotated[
        str, _about('Content SIDs of WhatsApp templates: JSON `{"template.locale": "HX…"}`, or a file with it.')
    ] = ""
    demo: Annotated[bool, _about("Show the control that moves the business clock; set by `notifier demo`.")] = False
    environment: Annotated[str, _about("`production` hides error details; anything else is development.")] = (
        "development"
    )

    allow_recipients: Annotated[
        str,
        _about("Outside production only these are written to: addresses, phone numbers, `@domains`, comma-separated."),
    ] = ""

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def owns_database(self) -> bool:
        """Whether nobody else looks after the database: its tables are then brought up to date at every start."""
        return self.demo or not self.database_url


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """
    Read the settings.

    Raises:
        Misconfigured: a value does not have its field's type, a `_FILE` cannot be read, or a name with our prefix is
            no setting of ours (a misspelt setting would otherwise be silently ignored).
    """
    environ = os.environ if environ is None else environ
    hints = get_type_hints(Settings)
    given: dict[str, Any] = {}
    for name, raw in environ.items():
        if not name.startswith(PREFIX) or name.startswith(TESTS):
            continue
        field = name.removeprefix(PREFIX).lower()
        if field not in hints and field.endswith("_file") and field.removesuffix("_file") in hints:
            field, raw = field.removesuffix("_file"), _read(name, raw)  # noqa: PLW2901 - the file's text takes its place
        if field not in hints:
            raise Misconfigured(f"{name} is no setting. `notifier doctor` lists them all.")
        given[field] = _convert(name, raw, hints[field])
    return Settings(**given)


def secret_key(settings: Settings) -> str:
    """Return the signing secret, making one under `var` (readable by its owner only) when none is configured."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.var / "secret.key"
    if not path.exists():
        settings.var.mkdir(parents=True, exist_ok=True)
        draft = settings.var / f"secret.key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first; its secret is the one
        finally:
            draft.unlink()
    return path.read_text().strip()


def described() -> list[tuple[str, str, str]]:
    """List every setting as (environment name, default, what it is for), in order of declaration."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    rows = []
    for name, hint in Settings.__annotations__.items():
        note = next(meta.description for meta in get_args(hint)[1:] if isinstance(meta, Meta))
        rows.append((PREFIX + name.upper(), str(defaults[name]), note or ""))
    return rows


def _read(name: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise Misconfigured(f"{name} names {path}, which cannot be read: {error.strerror}.") from error


def _convert(name: str, raw: str, kind: Any) -> Any:
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if kind is Path:
        return Path(raw)
    try:
        return msgspec.convert(raw, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Misconfigured(f"{name}: {raw!r} is not {_article(kind)}.") from error


def _article(kind: type) -> str:
    return {int: "a whole number", bool: "true or false"}.get(kind, f"a {kind.__name__}")
