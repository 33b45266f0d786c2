"""How many SMS parts a text takes on the air."""

_PLAIN = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = frozenset("^{}\\[~]|€\f")


def segments(text: str) -> int:
    """Count: GSM-7 160 or 153 septets a part, UCS-2 70 or 67 units. A pair that may not be split is counted whole."""
    used = set(text)
    if used <= _PLAIN:
        return _parts(len(text), 160, 153)
    if used <= _PLAIN | _ESCAPED:
        return _parts(sum(2 if sign in _ESCAPED else 1 for sign in text), 160, 153)
    return _parts(len(text.encode("utf-16-le", "surrogatepass")) // 2, 70, 67)


def _parts(units: int, whole: int, part: int) -> int:
    return 1 if units <= whole else -(-units // part)
