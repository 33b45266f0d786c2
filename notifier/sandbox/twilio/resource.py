"""A message the way Twilio's API shows it."""

from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from notifier.sandbox.records import Message

VERSION = "2010-04-01"


def resource(account: str, message: Message) -> dict[str, Any]:
    """Describe a message with every field of the real answer; counts are strings, dates RFC 2822."""
    person, business = (prefixed(message, address) for address in (message.person, message.business))
    uri = f"/{VERSION}/Accounts/{account}/Messages/{message.provider_id}"
    is_from_pool = bool(message.messaging_service) and message.status == "accepted"
    return {
        "account_sid": account,
        "api_version": VERSION,
        "body": message.text,
        "date_created": date(message.received_at),
        "date_sent": date(message.sent_at) if message.sent_at is not None else None,
        "date_updated": date(message.updated_at),
        "direction": "inbound" if message.is_inbound else "outbound-reply" if message.is_own else "outbound-api",
        "error_code": message.error_code,
        "error_message": None,
        "from": person if message.is_inbound else None if is_from_pool else business,
        "messaging_service_sid": message.messaging_service or None,
        "num_media": "0",
        "num_segments": "0" if is_from_pool else str(message.segments),
        "price": None,
        "price_unit": "USD",
        "sid": message.provider_id,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": business if message.is_inbound else person,
        "uri": f"{uri}.json",
    }


def prefixed(message: Message, address: str) -> str:
    return f"whatsapp:{address}" if message.channel == "whatsapp" else address


def date(seconds: float) -> str:
    return _date(int(seconds))


@lru_cache(1024)
def _date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC))
