"""NOTIFIER_PROVIDERS: what the page about it shows works as it stands, and what is wrong is named."""

import re
from pathlib import Path
from typing import get_args

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec import structs

from notifier.doctor import examine
from notifier.errors import Misconfigured
from notifier.providers.configured import KINDS
from notifier.providers.contract import EventKind, Reason
from notifier.providers.gateway.shape import BLANKS
from notifier.providers.registry import Providers, build
from notifier.settings import Settings
from tests.house.sources import ROOT

PAGE = (ROOT / "docs" / "providers.md").read_text()
EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SETTINGS = Settings(
    secret_key="s", twilio_account_sid="AC1", twilio_auth_token="t", twilio_sms_from="+1", twilio_whatsapp_from="+2"
)


def built(example: str, folder: Path, **given: str) -> Providers:
    file = folder / "providers.toml"
    file.write_text(example)
    environ = dict.fromkeys(re.findall(r"env:(\w+)", example), "smtp://127.0.0.1")
    return build(structs.replace(SETTINGS, providers=str(file), **given), environ)


def test_the_page_has_examples_of_every_kind() -> None:
    assert {*re.findall(r'^kind = "(\w+)"$', "".join(EXAMPLES), re.MULTILINE)} == set(KINDS)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_page_is_read_and_built(example: str, tmp_path: Path) -> None:
    providers = built(example, tmp_path)

    assert {*re.findall(r"^\[([a-z-]+)\]$", example, re.MULTILINE)} <= set(providers)


def test_the_first_example_does_what_the_page_says(tmp_path: Path) -> None:
    providers = built(EXAMPLES[0], tmp_path, sendgrid_api_key="SG.x")

    ways = {
        channel: [(one.provider.name, one.priority, one.weight, one.per_second) for one in providers.routes(channel)]
        for channel in ("email", "sms", "whatsapp")
    }
    assert ways == {
        "email": [("sendgrid", 1, 1, None), ("sendgrid-news", 2, 1, None), ("backup", 3, 1, 5.0)],
        "sms": [("twilio", 1, 3, 10.0), ("twilio-br", 1, 1, 1.0)],
        "whatsapp": [("twilio", 1, 1, 80.0)],
    }
    assert providers.routes("whatsapp")[0].burst == 160


def test_the_page_names_every_word_that_may_be_used() -> None:
    words = {*BLANKS, *filter(None, get_args(Reason)), *get_args(EventKind), *KINDS}

    assert [word for word in sorted(words) if f"`{word}`" not in PAGE and f"`{{{word}}}`" not in PAGE] == []


GATEWAY = """
[zap]
kind = "json"
url = "https://zap.example"
{}
"""


BODY = 'body = { to = "{to}", text = "{text}" }\n'


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('body = { to = "{to}", text = "{words}" }', "{words} is no blank we can fill"),
        ('body = { to = "{to}" }', "must have {to} (or {to_digits}) and {text}"),
        ('body = { to = "{to}", text = "{text}", hook = "{callback_url}" }', "no `callback` says how to verify"),
        (BODY + 'headers = { X = "{text}" }', "cannot stand in a header"),
        (BODY + 'method = "GET"', "method"),
        (BODY + 'answer = { codes = { 1 = "accepted" } }', "`code` does not say"),
        (BODY + 'answer = { statuses = { 1 = "fine" } }', "'1' means 'fine'"),
        (BODY + 'answer = { statuses = { 1 = "refused:no" } }', "a reason is one of"),
        (BODY + 'answer = { where = "x" }', "where"),
        (BODY + 'callback = { header = "X", secret = "", status = "s", statuses = {} }', "`secret` is empty"),
        (BODY + 'callback = { header = "X", status = "s", statuses = {} }', "secret"),
    ],
)
def test_a_gateway_that_cannot_work_is_refused_at_the_start(lines: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"^NOTIFIER_PROVIDERS, entry \[zap\]") as caught:
        built(GATEWAY.format(lines), tmp_path)

    assert told in str(caught.value)


def test_a_gateways_address_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="http"):
        built(GATEWAY.format(BODY).replace("https://zap", "ftp://zap"), tmp_path)


def test_a_secret_that_is_not_there_is_named_however_deep_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(GATEWAY.format(BODY + 'headers = { Authorization = "env:ZAP" }'))

    with pytest.raises(Misconfigured, match=r"\[zap\], headers.Authorization: names the environment variable 'ZAP'"):
        build(Settings(providers=str(file)), {})


def test_the_doctor_says_the_same_and_makes_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text('[x]\nkind = "pigeon"\n')
    settings = Settings(providers=str(file), var=tmp_path / "var")

    assert any("entry [x], kind: is 'pigeon'" in finding for finding in examine(settings))
    assert not (tmp_path / "var").exists()


def test_the_doctor_counts_providers_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(GATEWAY.format(BODY) + '[m]\nkind = "smtp"\nurl = "smtp://h"\n')

    assert examine(Settings(providers=str(file), var=tmp_path / "var")) == []


def test_a_mail_server_is_built_with_the_settings_that_sign(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 1024).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "dkim.pem").write_bytes(key)
    unsigned = Settings(smtp_url="smtp://h", dkim_selector="s", dkim_domain="d.example", secret_key="s")
    signed = structs.replace(unsigned, dkim_key=str(tmp_path / "dkim.pem"), bounce_address="b@d.example")

    assert "smtp" in build(signed, {})
    with pytest.raises(Misconfigured, match="NOTIFIER_DKIM_KEY must be set too"):
        build(unsigned, {})
    with pytest.raises(Misconfigured, match="NOTIFIER_BOUNCE_ADDRESS"):
        build(structs.replace(signed, bounce_address="b+c@d.example"), {})
