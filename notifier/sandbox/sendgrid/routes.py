"""SendGrid's door: mail, suppressions, and the public key of the signed event webhook."""

import base64
import hmac
from urllib.parse import unquote

from cryptography.hazmat.primitives import serialization

from notifier.sandbox.sendgrid.errors import error
from notifier.sandbox.sendgrid.send import send
from notifier.sandbox.stage import Stage
from notifier.sandbox.wire import Asked, Reply, reply

_LISTS = {
    "suppression/bounces": "bounces",
    "suppression/spam_reports": "spam_reports",
    "suppression/unsubscribes": "unsubscribes",
    "asm/suppressions/global": "unsubscribes",
}


class SendGridDoor:
    """Answers SendGrid's paths for one API key."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._authorization = f"Bearer {stage.config.sendgrid_api_key}".encode()

    def handle(self, asked: Asked) -> Reply:
        given = asked.headers.get(b"authorization", b"")
        if not given:
            return error(401, "Permission denied, wrong credentials")
        if not self._stage.config.sendgrid_api_key or not hmac.compare_digest(given, self._authorization):
            return error(401, "The provided authorization grant is invalid, expired, or revoked")
        if asked.path == "/v3/mail/send":
            if asked.method != "POST":
                return error(405, "HTTP method not allowed")
            if not asked.headers.get(b"content-type", b"").startswith(b"application/json"):
                return error(415, "Content-Type should be application/json.")
            return send(self._stage, asked.body)
        if asked.path == "/v3/user/webhooks/event/settings/signed":
            return reply(200, {"public_key": self.public_key()})
        return self._suppressions(asked)

    def limited(self, retry_after: float) -> Reply:
        wait = f"{retry_after:g}".encode()
        reset = str(int(self._stage.now() + retry_after)).encode()
        headers = ((b"retry-after", wait), (b"x-ratelimit-remaining", b"0"), (b"x-ratelimit-reset", reset))
        return error(429, "too many requests", headers=headers)

    def broken(self, *, taken: bool) -> Reply:
        return error(500 if taken else 503, "internal server error" if taken else "service unavailable")

    def too_large(self) -> Reply:
        return error(413, "The request body is larger than 30 MB.")

    def _suppressions(self, asked: Asked) -> Reply:
        path = asked.path.removeprefix("/v3/").strip("/")
        for prefix, kind in _LISTS.items():
            if path == prefix and asked.method == "GET":
                listed = self._stage.store.notes.get(kind, {})
                return reply(200, [{"email": email, "created": int(at)} for email, at in listed.items()])
            if path.startswith(f"{prefix}/"):
                return self._suppressed(asked.method, kind, unquote(path.removeprefix(f"{prefix}/")).lower())
        return error(404, "not found")

    def _suppressed(self, method: str, kind: str, email: str) -> Reply:
        at = self._stage.store.noted(kind, email)
        if method == "DELETE":
            self._stage.store.note(kind, email, None)
            return Reply(204, b"", ()) if at is not None else error(404, "not found")
        if method == "GET":
            return reply(200, [{"email": email, "created": int(at)}] if at is not None else [])
        return error(405, "HTTP method not allowed")

    def public_key(self) -> str:
        key = self._stage.signing_key.public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return base64.b64encode(key.public_bytes(serialization.Encoding.DER, form)).decode()
