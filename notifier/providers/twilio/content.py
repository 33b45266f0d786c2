"""Register our WhatsApp wordings with Twilio's Content API, once each, and say under which SID each is known."""

import base64
import hashlib

import msgspec
from msgspec import Struct

from notifier.errors import Unavailable
from notifier.providers.transport import Answer, Transport


class Wording(Struct, frozen=True, kw_only=True):
    """One WhatsApp template in one language, with its variables as {{1}}, {{2}} …"""

    name: str
    """`template.locale`, the key of the mapping."""
    language: str
    body: str
    samples: dict[str, str]
    buttons: tuple[tuple[str, str], ...] = ()
    """(title, URL ending in a variable)."""

    @property
    def friendly_name(self) -> str:
        """The name and a digest of the words: changed words are another template, which Meta approves anew."""
        digest = hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:8]
        return f"{self.name}.{digest}"


async def register(
    transport: Transport, wordings: list[Wording], *, api_url: str, account_sid: str, auth_token: str
) -> dict[str, str]:
    """
    Create what is missing and return name → Content SID. Idempotent by friendly name.

    Raises:
        Unavailable: Twilio did not answer, or refused one.
    """
    # Twilio serves the Content API from a host of its own: content.twilio.com beside api.twilio.com.
    root = f"{api_url.rstrip('/').replace('//api.', '//content.')}/v1/Content"
    credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}"}
    known: dict[str, str] = {}
    page: str | None = f"{root}?PageSize=500"
    while page:
        listed = (await transport.ask(page, headers=headers)).json()
        known |= {one["friendly_name"]: one["sid"] for one in listed.get("contents", [])}
        page = (listed.get("meta") or {}).get("next_page_url")
    return {
        wording.name: known.get(wording.friendly_name) or await _create(transport, root, wording, headers)
        for wording in wordings
    }


async def _create(transport: Transport, root: str, wording: Wording, headers: dict[str, str]) -> str:
    kind = "twilio/call-to-action" if wording.buttons else "twilio/text"
    shape: dict[str, object] = {"body": wording.body}
    if wording.buttons:
        shape["actions"] = [{"type": "URL", "title": title, "url": url} for title, url in wording.buttons]
    body = {
        "friendly_name": wording.friendly_name,
        "language": wording.language,
        "variables": wording.samples,
        "types": {kind: shape},
    }
    answer = await transport.call(
        "POST", root, headers={**headers, "Content-Type": "application/json"}, body=msgspec.json.encode(body)
    )
    if not isinstance(answer, Answer) or answer.status != 201:
        said = answer.status if isinstance(answer, Answer) else answer.detail
        raise Unavailable(f"Twilio did not take the template {wording.name}: {said}.")
    return str(answer.json()["sid"])
