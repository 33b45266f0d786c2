"""Find the score in what a person wrote ("9", "9/10", "nota nove, obrigado", keycaps); never guess between two."""

import re
import unicodedata

from msgspec import Struct

from notifier.surveys.score import SCALES

WORDS = {
    word: number
    for number, words in enumerate(
        (
            "zero cero",
            "um uma one un uno una",
            "dois duas two dos",
            "tres three",
            "quatro four cuatro",
            "cinco five",
            "seis six",
            "sete seven siete",
            "oito eight ocho",
            "nove nine nueve",
            "dez ten diez",
        )
    )
    for word in words.split()
}

#: A score stands near the front of what people write; longer texts are not searched further.
LONGEST = 1000

_NUMBER = rf"(?:\d+|(?:{'|'.join(sorted(WORDS, key=len, reverse=True))})(?!\w))"
_SCALE = re.compile(
    r"\b(?:de|from|entre|between|on a scale of|numa escala de|en una escala de)?\s*"
    r"(?:0|1|zero|um|one|cero|uno)\s*(?:a|ate|to|e|y|and|-|–)\s*(?:10|dez|ten|diez|5|7)\b[,:]?"
)
_OUT_OF = re.compile(rf"(?<!\w)({_NUMBER})\s*(?:/|de|of|out of|em|sobre)\s*(10|dez|ten|diez|7|5)\b")
_RATING = (
    r"(?:nota|score|dou|doy|daria|give|rate|rating|puntuacion|pontuacao|calificacion|avaliacao"
    r"|minha|my|mi|nps|csat|ces)"
)
_INTRODUCED = re.compile(rf"\b{_RATING}\b(?:\s+(?:it|e|es|is|a|un|um|uma|an|de|you|nota))*\s*[:=]?\s*({_NUMBER})")
_AFTERTHOUGHT = (
    r"(?:porque|pois|because|since|obrigad[oa]|thanks|thank|gracias|pontos?|points?|puntos?|estrelas?|stars?|por favor"
    r"|muito|very|muy|great|good|bom|boa|bueno|otimo|excelente|excellent|adorei|love|mas|but|pero)"
)
_ARTICLE = r"(?:(?:an?|una?|uma?)\s+)?"
_LEADING = re.compile(rf"^\W*{_ARTICLE}({_NUMBER})(?=\s*$|\s*[^\w\s,.]|\s*[,.](?!\d)|\s*\n|\s+{_AFTERTHOUGHT}\b)")
_FRACTION = re.compile(rf"\d[.,]\d|{_NUMBER}\s+(?:e meio|e meia|y medi[oa]|and a half)")
_NEGATED = re.compile(rf"\b(?:nao|not|no|never|nunca)\s+(?:e\s+|es\s+|a\s+)?(?:{_NUMBER})")
# Possessive and from a word's beginning only: a mail of one endless word must not be searched from its every letter.
_TWO_WORDS = re.compile(r"\b[^\W\d_]{2,}+\W++[^\W\d_]{2}")
_SCORE_FIRST = re.compile(rf"^\W*{_ARTICLE}\d+\s*(?:(?:/|de|of|out of|em|sobre)\s*10\b)?[\s,.;:!)–—-]*", re.IGNORECASE)
_STARS = re.compile(r"^[⭐★🌟\s]+$")


class Reading(Struct, frozen=True, kw_only=True):
    """What a text says on a scale; no score: `reason` tells why. `comment` is what it says besides the number."""

    score: int | None
    reason: str
    comment: str = ""


def read(text: str, question: str = "nps") -> Reading:
    """Find the one score a text gives. Two different numbers, halves and denials give none: a person reads those."""
    if question not in SCALES:
        return Reading(score=None, reason="question-without-scale")
    plain = fold(text[:LONGEST]).strip()
    if plain and _STARS.match(plain):
        return _within(sum(not mark.isspace() for mark in plain), question, "")
    rest = _SCALE.sub(" ", plain)
    reason = _unclear(rest, question)
    if reason:
        return Reading(score=None, reason=reason)
    out_of = _OUT_OF.search(rest)
    rest = _OUT_OF.sub(lambda match: match[1], rest)
    found = {_number(match[1]) for match in (_LEADING.search(rest), *_INTRODUCED.finditer(rest), out_of) if match}
    if len(found) != 1:
        return Reading(score=None, reason="several-numbers" if found else "no-score")
    score = found.pop()
    lowest, highest = SCALES[question]
    if any(lowest <= int(digits[:6]) <= highest and int(digits[:6]) != score for digits in re.findall(r"\d+", rest)):
        return Reading(score=None, reason="several-numbers")
    return _within(score, question, _comment(text))


def fold(text: str) -> str:
    """Lower-case, accent-free, compatibility forms and any script's digits made plain; keycaps become digits."""
    compatible = unicodedata.normalize("NFKD", text.replace("\u20e3", "").replace("\ufe0f", "").replace("🔟", "10"))
    letters = (letter for letter in compatible if not unicodedata.combining(letter))
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in letters).casefold()


def _unclear(plain: str, question: str) -> str:
    if _FRACTION.search(plain):
        return "not-a-whole-number"
    if _NEGATED.search(plain):
        return "denied"
    out_of = _OUT_OF.search(plain)
    return "another-scale" if out_of and _number(out_of[2]) != SCALES[question][1] else ""


def _within(score: int, question: str, comment: str) -> Reading:
    lowest, highest = SCALES[question]
    if not lowest <= score <= highest:
        return Reading(score=None, reason="out-of-range")
    return Reading(score=score, reason=f"score-{score}", comment=comment)


def _number(word: str) -> int:
    return WORDS[word] if word in WORDS else int(word[:6])


def _comment(text: str) -> str:
    leading = _SCORE_FIRST.sub("", text.strip())
    return leading.strip() if _TWO_WORDS.search(leading) else ""
