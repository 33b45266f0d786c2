"""A billing system that goes on whatever happens: it posts its triggers again until they are taken."""

import json
import random
import threading
import urllib.error
import urllib.request
from datetime import date, datetime
from typing import Any

import msgspec

from notifier.catalog import samples

PREFIXES = (11, 21, 31, 41, 51, 61, 71, 81, 85, 19)
PLAIN = samples.data("payment.failed", date(2026, 11, 18))


class Feed(threading.Thread):
    """
    Posts payments that failed, each of another customer, in batches of any size, a second or two apart.

    By the shipped journey each customer is written to once: a third by email, having no phone; a third by WhatsApp; a
    third by SMS, once WhatsApp has reported that it does not reach them. A part of those with a phone live where it is
    still night when all begins.
    """

    def __init__(self, url: str, key: str, *, at: datetime, dice: random.Random, most: int = 120) -> None:
        super().__init__(name="feed", daemon=True)
        self.taken: list[str] = []
        """Incidents of the triggers that were accepted."""
        self.again = 0
        """Batches that had to be posted again."""
        self._url, self._key, self._at, self._dice = url, key, at, dice
        self._made = 0
        self._sizes = (most // 6, most)
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.is_set():
            batch = [self._trigger() for _ in range(self._dice.randint(*self._sizes))]
            body = json.dumps(batch, default=str).encode()
            while not self._post(body) and not self._stopped.wait(0.2):
                self.again += 1
            self._stopped.wait(self._dice.uniform(1, 2.5))

    def trickle(self) -> None:
        """Post one or two from now on: a provider's silence says something only while others' reports come."""
        self._sizes = (1, 2)

    def finish(self) -> None:
        self._stopped.set()
        self.join(30)

    def _post(self, body: bytes) -> bool:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/cloudevents-batch+json"}
        request = urllib.request.Request(f"{self._url}/api/v1/triggers", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                results = json.load(answer)["results"]
        except (OSError, urllib.error.URLError, ValueError):
            return False
        assert {one["status"] for one in results} <= {"accepted", "duplicate"}, results
        self.taken += [one["id"] for one in results]
        return True

    def _trigger(self) -> dict[str, Any]:
        number = self._made
        self._made += 1
        reach, ident = number % 3, f"fault_{number}"
        phone = (
            f"+55{PREFIXES[number // 9000 % len(PREFIXES)]}9{1000 + number % 9000}{'0630' if reach == 2 else '1234'}"
        )
        customer = {
            "id": ident,
            "name": f"Ana {number}",
            "locale": ("pt_BR", "en", "es")[number // 3 % 3],
            "timezone": "America/Los_Angeles" if number % 5 == 0 else "America/Sao_Paulo",
            "country": "BR",
            "email": f"{ident}@example.com" if not reach else None,
            "phone": phone if reach else None,
        }
        data = {**PLAIN, "customer": customer}
        data["invoice"] = {**PLAIN["invoice"], "id": ident}
        event = {"specversion": "1.0", "id": ident, "source": "/faults", "type": "payment.failed", "subject": ident}
        return msgspec.to_builtins({**event, "time": self._at, "data": data})
