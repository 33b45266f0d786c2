"""Content templates: kept as `POST /v1/Content` brings them, filled as WhatsApp shows them."""

import hashlib
import re
from typing import Any

import msgspec
from msgspec import Struct

from notifier.sandbox.records import Button
from notifier.sandbox.stage import Stage
from notifier.sandbox.twilio.errors import error
from notifier.sandbox.wire import Asked, Reply, reply

_VARIABLE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


class Filled(Struct, frozen=True):
    """What the person reads; `missing` variables make WhatsApp refuse the message."""

    text: str
    buttons: list[Button]
    missing: bool


def route(stage: Stage, asked: Asked, rest: list[str]) -> Reply:
    """Answer below `/v1/Content`."""
    contents = stage.store.notes.get("contents", {})
    if not rest:
        if asked.method == "POST":
            return _create(stage, asked.body)
        meta = {"key": "contents", "page": 0, "page_size": 500, "next_page_url": None, "previous_page_url": None}
        return reply(200, {"contents": list(contents.values()), "meta": meta})
    if rest[0] not in contents:
        return error(20404, asked.path)
    if rest[1:2] == ["ApprovalRequests"]:
        approval = {"name": contents[rest[0]]["friendly_name"], "category": "UTILITY", "status": "approved"}
        if rest[2:] == ["whatsapp"] and asked.method == "POST":
            return reply(201, {**approval, "content_type": "twilio/text", "rejection_reason": ""})
        return reply(200, {"sid": rest[0], "account_sid": stage.config.twilio_account_sid, "whatsapp": approval})
    if asked.method == "DELETE":
        stage.store.note("contents", rest[0], None)
        return Reply(204, b"", ())
    return reply(200, contents[rest[0]])


def sid_of(friendly_name: str, language: str) -> str:
    """Name a template. Twilio deals its SIDs at random; here the same one has the same SID after every restart."""
    return f"HX{hashlib.blake2s(f'{friendly_name}/{language}'.encode(), digest_size=16).hexdigest()}"


def read_variables(raw: str) -> dict[str, str] | None:
    """Read ContentVariables; None when they are no JSON object of texts."""
    try:
        return msgspec.json.decode(raw, type=dict[str, str]) if raw else {}
    except msgspec.DecodeError:
        return None


def fill(template: dict[str, Any], variables: dict[str, str]) -> Filled:
    """Put the variables into the richest of the template's types."""
    samples = template.get("variables") or {}
    missing = False

    def replace(found: re.Match[str]) -> str:
        nonlocal missing
        value = variables.get(found[1]) or samples.get(found[1])
        missing = missing or not value
        return value or ""

    kinds = sorted(template["types"].values(), key=lambda kind: len(kind.get("actions", [])))
    shown = kinds[-1]
    buttons = [
        Button(
            title=_VARIABLE.sub(replace, action.get("title", "")),
            payload=_VARIABLE.sub(replace, action.get("id") or ""),
            url=_VARIABLE.sub(replace, action.get("url") or ""),
        )
        for action in shown.get("actions", [])
    ]
    return Filled(_VARIABLE.sub(replace, shown.get("body", "")), buttons, missing)


def _create(stage: Stage, body: bytes) -> Reply:
    try:
        wanted = msgspec.json.decode(body)
        types = wanted["types"]
        well_formed = bool(types) and all(isinstance(kind, dict) for kind in types.values()) and wanted["language"]
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        well_formed = False
    if not well_formed:
        return error(20001)
    name = wanted.get("friendly_name") or ""
    sid = sid_of(name, wanted["language"])
    url = f"https://content.twilio.com/v1/Content/{sid}"
    template = {
        "sid": sid,
        "account_sid": stage.config.twilio_account_sid,
        "friendly_name": name,
        "language": wanted["language"],
        "variables": wanted.get("variables") or {},
        "types": types,
        "url": url,
        "date_created": None,
        "date_updated": None,
        "links": {"approval_fetch": f"{url}/ApprovalRequests", "approval_create": f"{url}/ApprovalRequests/whatsapp"},
    }
    stage.store.note("contents", sid, template)
    return reply(201, template)
