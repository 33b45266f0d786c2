"""How many SMS segments a text takes: carriers charge and pace by them."""

from typing import Literal

import regex
from msgspec import Struct

# GSM 03.38: the basic alphabet, and what costs an escape besides (3GPP TS 23.038, 6.2.1).
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = frozenset("\f^{}\\[~]|€")
_CLUSTER = regex.compile(r"\X")


class Segments(Struct, frozen=True, kw_only=True):
    """What an SMS costs. `units` are septets in GSM-7, UTF-16 units in UCS-2."""

    encoding: Literal["GSM-7", "UCS-2"]
    segments: int
    units: int

    @property
    def capacity(self) -> int:
        """Units the present number of segments can hold: what is left to write is `capacity - units`."""
        single, part = _SIZES[self.encoding]
        return single if self.segments <= 1 else part * self.segments


_SIZES = {"GSM-7": (160, 153), "UCS-2": (70, 67)}


def count(text: str) -> Segments:
    """
    Count a text's segments as carriers cut it: neither an escape pair nor a character as people see it is split.

    One character outside GSM-7 (ã, ç, í, an emoji) makes the whole text UCS-2.
    """
    encoding: Literal["GSM-7", "UCS-2"] = "GSM-7" if _BASIC.union(_ESCAPED).issuperset(text) else "UCS-2"
    single, part = _SIZES[encoding]
    costs = [_septets(c) for c in text] if encoding == "GSM-7" else [_utf16(c) for c in _CLUSTER.findall(text)]
    units = sum(costs)
    if units <= single:
        return Segments(encoding=encoding, segments=1 if text else 0, units=units)
    segments, left = 1, part
    for cost in costs:
        if cost <= left:
            left -= cost
            continue
        # A cluster longer than a whole segment (a family of emoji with many joiners) has to be split after all.
        full, rest = divmod(cost, part)
        segments += full + (rest > 0)
        left = part - rest if rest else 0
    return Segments(encoding=encoding, segments=segments, units=units)


def _septets(character: str) -> int:
    return 2 if character in _ESCAPED else 1


def _utf16(cluster: str) -> int:
    return len(cluster) + sum(ord(character) > 0xFFFF for character in cluster)
