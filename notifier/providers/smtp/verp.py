"""Envelope senders that name the attempt they were sent with (VERP), signed so that nobody can make one up."""

import re
from collections.abc import Iterable
from uuid import UUID

from notifier.errors import Misconfigured
from notifier.messages.token import make_bounce, read_bounce

SETTING = "NOTIFIER_BOUNCE_ADDRESS"
_LONGEST_LOCAL = 64 - len("+") - 45
"""RFC 5321 gives a local part 64 octets; ours needs 45 for the token."""
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*/=?^_`{|}~.-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


class ReturnAddress:
    """`bounces@example.com`, where the bounces of a mail go as `bounces+<token>@example.com`."""

    def __init__(self, address: str, secret: str) -> None:
        """
        Check the address.

        Raises:
            Misconfigured: it is none, has a plus sign already, or is too long for a token.
        """
        local, _, self._domain = address.rpartition("@")
        if not _ADDRESS.fullmatch(address):
            raise Misconfigured(
                f"{SETTING} must be an address without a plus sign, as bounces@example.com: {address!r}."
            )
        if len(local) > _LONGEST_LOCAL:
            raise Misconfigured(f"{SETTING}: at most {_LONGEST_LOCAL} characters may stand before the @: {local!r}.")
        self._local = local
        self._secret = secret
        self._ours = re.compile(
            rf"{re.escape(local)}\+([a-z2-7]{{45}})@{re.escape(self._domain)}(?![a-z0-9.-])", re.IGNORECASE
        )

    def of(self, attempt_id: UUID) -> str:
        """Return the envelope sender of one attempt."""
        return f"{self._local}+{make_bounce(self._secret, attempt_id)}@{self._domain}"

    def named(self, texts: Iterable[str]) -> UUID | None:
        """Return the attempt that the first address of ours in these texts was made for, or None."""
        for text in texts:
            for found in self._ours.finditer(text):
                if attempt_id := read_bounce(self._secret, found[1]):
                    return attempt_id
        return None
