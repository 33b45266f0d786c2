"""What makes a message the same message: its key, derived from the business fact, never expiring."""

from hashlib import blake2b


def message_key(*, journey: str, incident: str, step: str, customer_id: str, channel: str, generation: int) -> bytes:
    """Return 16 bytes, the same for the same fact on any machine for ever; parts cannot run into each other."""
    parts = (journey, incident, step, customer_id, channel, str(generation))
    return blake2b(
        "".join(f"{len(part)}:{part}" for part in parts).encode(), digest_size=16, person=b"message"
    ).digest()
