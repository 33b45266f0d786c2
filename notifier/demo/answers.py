"""The demo's customers answer: scores, a question now and then, and one who has had enough."""

from datetime import datetime
from random import Random
from typing import Any
from urllib.request import Request, urlopen

import msgspec
from sqlalchemy import text

from notifier.house import House

#: What people write when asked how likely they are to recommend us, by language; the score is put in.
_SCORES = {
    "pt_BR": ("{}", "{}", "nota {}", "{}! adoro", "{}/10"),
    "en": ("{}", "{}", "{}/10", "{} out of 10"),
    "es": ("{}", "{}", "un {}", "{}/10"),
}
_QUESTIONS = {
    "pt_BR": "Posso mudar o dia da cobrança para o dia 10?",
    "en": "Can I switch to yearly billing?",
    "es": "¿Puedo cambiar la tarjeta desde la web?",
}
_ENOUGH = {"pt_BR": "PARAR", "en": "STOP", "es": "BAJA"}
#: Of a hundred people asked: the scores they give.
_OPINIONS = (
    [10] * 24 + [9] * 22 + [8] * 18 + [7] * 12 + [6] * 8 + [5] * 5 + [4] * 3 + [3] * 3 + [2] * 2 + [1] * 1 + [0] * 2
)

_RECEIVED = text("""
    SELECT m.address, m.channel, m.locale, m.template FROM messages m
    WHERE m.sent_at >= :since AND m.state = 'delivered' AND m.channel IN ('sms', 'whatsapp')
    ORDER BY m.created_at, m.id
""")


def answer(house: House, since: datetime) -> int:
    """Let some of those who were written to on their phones since then (business time) answer; return how many did."""
    dice = Random(since.toordinal())  # noqa: S311 - nothing secret: the demo should look much the same every time
    with house.database.begin() as db:
        received = db.execute(_RECEIVED, {"since": since}).all()
    answers = [(row, said) for row in received if (said := _says(row, dice))]
    senders = {"sms": house.settings.twilio_sms_from, "whatsapp": house.settings.twilio_whatsapp_from}
    for row, said in answers:
        reply = {"channel": row.channel, "from": row.address, "to": senders[row.channel], "text": said}
        _post(f"{house.settings.sandbox_url}/api/replies", reply)
    return len(answers)


def _says(row: Any, dice: Random) -> str:
    if row.template == "feedback":
        return dice.choice(_SCORES[row.locale]).format(dice.choice(_OPINIONS)) if dice.random() < 0.5 else ""
    chance = dice.random()
    if chance < 0.02:
        return _ENOUGH[row.locale]
    return _QUESTIONS[row.locale] if chance < 0.04 else ""


def _post(url: str, body: dict[str, str]) -> None:
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(url, data=msgspec.json.encode(body), headers=headers), timeout=10):  # noqa: S310 - loopback
        pass
