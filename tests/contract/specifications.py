"""
The few facts of the vendors' published API specifications that our requests touch, and how to hold a request to them.

Sources, as published in the vendors' own repositories:

- Twilio: twilio/twilio-oai, spec/json/twilio_api_v2010.json (2026-04-14): `CreateMessageRequest` and the parameters of
  `ListMessage`; spec/json/twilio_content_v1.json: `ContentCreateRequest`.
- SendGrid: twilio/sendgrid-oai, spec/json/tsg_mail_v3.json (2026-01-22): `PostMailSend`.

Written in the words of JSON Schema, of which `problems` knows as much as is used here. An object takes the fields named
and no others, whether or not the vendor would put up with more: a field nobody publishes is a misspelt one.
"""

import re
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
PHONE: Schema = {"type": "string", "pattern": r"^(whatsapp:)?\+[1-9]\d{1,14}$"}
"""`format: phone-number`: E.164, or a channel's address (the field's description)."""

TWILIO_MESSAGE: Schema = {
    "type": "object",
    "required": ["To"],
    "properties": {
        "To": PHONE,
        # The description: a valid hostname, and no underscores in it.
        "StatusCallback": {"type": "string", "pattern": r"^https?://[A-Za-z0-9.-]+(:\d+)?(/\S*)?$"},
        "ApplicationSid": {"type": "string", "pattern": r"^AP[0-9a-fA-F]{32}$"},
        "MaxPrice": {"type": "number"},
        "ProvideFeedback": FLAG,
        "Attempt": {"type": "integer"},
        "ValidityPeriod": {"type": "integer"},
        "ForceDelivery": FLAG,
        "ContentRetention": {"type": "string", "enum": ["retain", "discard"]},
        "AddressRetention": {"type": "string", "enum": ["retain", "obfuscate"]},
        "SmartEncoded": FLAG,
        "PersistentAction": {"type": "array", "items": TEXT},
        "TrafficType": {"type": "string", "enum": ["free"]},
        "ShortenUrls": FLAG,
        "ScheduleType": {"type": "string", "enum": ["fixed"]},
        "SendAt": TEXT,
        "SendAsMms": FLAG,
        "ContentVariables": TEXT,
        "RiskCheck": {"type": "string", "enum": ["enable", "disable"]},
        "From": PHONE,
        "FallbackFrom": PHONE,
        "MessagingServiceSid": {"type": "string", "pattern": r"^MG[0-9a-fA-F]{32}$"},
        # The description: up to 1,600 characters.
        "Body": {"type": "string", "maxLength": 1600},
        "MediaUrl": {"type": "array", "items": TEXT},
        "ContentSid": {"type": "string", "pattern": r"^HX[0-9a-fA-F]{32}$"},
    },
}
TWILIO_LIST: Schema = {
    "type": "object",
    "properties": {
        "To": PHONE,
        "From": PHONE,
        "DateSent": TEXT,
        "DateSent<": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "DateSent>": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "PageSize": {"type": "string", "pattern": r"^(1000|[1-9]\d{0,2})$"},
        "Page": TEXT,
        "PageToken": TEXT,
    },
}
_ACTION: Schema = {
    "type": "object",
    "required": ["type", "title"],
    "properties": {
        "type": {"type": "string", "enum": ["URL", "PHONE_NUMBER", "COPY_CODE", "VOICE_CALL", "VOICE_CALL_REQUEST"]},
        "title": TEXT, "url": TEXT, "phone": TEXT, "code": TEXT, "id": TEXT,
    },
}  # fmt: skip
TWILIO_CONTENT: Schema = {
    "type": "object",
    "required": ["language", "types"],
    "properties": {
        "friendly_name": TEXT,
        "variables": {"type": "object", "additionalProperties": TEXT},
        "language": TEXT,
        "types": {
            "type": "object",
            "properties": {
                "twilio/text": {"type": "object", "required": ["body"], "properties": {"body": TEXT}},
                "twilio/call-to-action": {
                    "type": "object",
                    "required": ["body", "actions"],
                    "properties": {"body": TEXT, "actions": {"type": "array", "items": _ACTION}},
                },
            },
        },
    },
}

_MAILBOX: Schema = {
    "type": "object",
    "required": ["email"],
    "properties": {"email": {"type": "string", "pattern": r"^[^@\s<>]+@[^@\s<>]+$"}, "name": TEXT},
}
_OVERRIDDEN = (
    "x-sg-id|x-sg-eid|received|dkim-signature|content-type|content-transfer-encoding|to|from|subject|reply-to|cc|bcc"
)
_HEADERS: Schema = {
    "type": "object",
    "additionalProperties": TEXT,
    # The description: "You may not override the following headers".
    "propertyNames": {"pattern": rf"^(?!(?i:{_OVERRIDDEN})$)"},
}


def _switch(**more: Schema) -> Schema:
    return {"type": "object", "properties": {"enable": FLAG, **more}}


SENDGRID_MAIL: Schema = {
    "type": "object",
    "required": ["personalizations", "from"],
    "properties": {
        "personalizations": {
            "type": "array",
            "maxItems": 1000,
            "items": {
                "type": "object",
                "required": ["to"],
                "properties": {
                    "from": _MAILBOX,
                    "to": {"type": "array", "items": _MAILBOX},
                    "cc": {"type": "array", "maxItems": 1000, "items": _MAILBOX},
                    "bcc": {"type": "array", "maxItems": 1000, "items": _MAILBOX},
                    "subject": {"type": "string", "minLength": 1},
                    "headers": _HEADERS,
                    "substitutions": {"type": "object", "additionalProperties": TEXT},
                    "dynamic_template_data": {"type": "object", "additionalProperties": {}},
                    "custom_args": {"type": "object", "additionalProperties": TEXT},
                    "send_at": {"type": "integer"},
                },
            },
        },
        "from": _MAILBOX,
        "reply_to": _MAILBOX,
        "reply_to_list": {"type": "array", "maxItems": 1000, "items": _MAILBOX},
        "subject": {"type": "string", "minLength": 1},
        "content": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "value"],
                "properties": {
                    "type": {"type": "string", "minLength": 1},
                    "value": {"type": "string", "minLength": 1},
                },
            },
        },
        "template_id": TEXT,
        "headers": _HEADERS,
        "categories": {
            "type": "array", "uniqueItems": True, "maxItems": 10, "items": {"type": "string", "maxLength": 255},
        },
        "custom_args": TEXT,
        "send_at": {"type": "integer"},
        "batch_id": TEXT,
        "ip_pool_name": {"type": "string", "minLength": 2, "maxLength": 64},
        "tracking_settings": {
            "type": "object",
            "properties": {
                "click_tracking": _switch(enable_text=FLAG),
                "open_tracking": _switch(substitution_tag=TEXT),
                "subscription_tracking": _switch(text=TEXT, html=TEXT, substitution_tag=TEXT),
                "ganalytics": _switch(
                    utm_source=TEXT, utm_medium=TEXT, utm_term=TEXT, utm_content=TEXT, utm_campaign=TEXT
                ),
            },
        },
    },
}  # fmt: skip
SENDGRID_HOSTS = ("https://api.sendgrid.com", "https://api.eu.sendgrid.com")

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


def problems(given: Any, schema: Schema, where: str = "$") -> Iterator[str]:
    """Name each place where a value is not what the schema allows."""
    kinds = _TYPES.get(schema.get("type", ""), (object,))
    if not isinstance(given, kinds) or (isinstance(given, bool) and bool not in kinds and object not in kinds):
        yield f"{where}: {given!r} is no {schema['type']}"
    elif isinstance(given, str):
        yield from _of_text(given, schema, where)
    elif isinstance(given, list):
        yield from _of_list(given, schema, where)
    elif isinstance(given, dict):
        yield from _of_object(given, schema, where)


def _of_text(given: str, schema: Schema, where: str) -> Iterator[str]:
    if "enum" in schema and given not in schema["enum"]:
        yield f"{where}: {given!r} is not one of {schema['enum']}"
    if not re.search(schema.get("pattern", ""), given):
        yield f"{where}: {given!r} does not match {schema['pattern']}"
    if not schema.get("minLength", 0) <= len(given) <= schema.get("maxLength", len(given)):
        yield f"{where}: {len(given)} characters"


def _of_list(given: list[Any], schema: Schema, where: str) -> Iterator[str]:
    if len(given) > schema.get("maxItems", len(given)):
        yield f"{where}: {len(given)} items"
    if schema.get("uniqueItems") and len({str(one) for one in given}) < len(given):
        yield f"{where}: an item stands there twice"
    for place, one in enumerate(given):
        yield from problems(one, schema["items"], f"{where}[{place}]")


def _of_object(given: dict[str, Any], schema: Schema, where: str) -> Iterator[str]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    yield from (f"{where}.{name}: is required" for name in schema.get("required", ()) if name not in given)
    for name, value in given.items():
        yield from _of_text(name, schema.get("propertyNames", {}), f"{where}.{name}, its name")
        if name in known:
            yield from problems(value, known[name], f"{where}.{name}")
        elif others is None:
            yield f"{where}.{name}: no such field"
        else:
            yield from problems(value, others, f"{where}.{name}")
