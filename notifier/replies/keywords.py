"""Words that tell us to stop, to start again, or ask who we are; those of every language are always in force."""

import re
import unicodedata
from typing import Literal

from msgspec import Struct

Meaning = Literal["stop", "start", "help"]

# Sources: FCC rule 47 CFR 64.1200(a)(10) and Twilio's advanced opt-out page (English); SAIR from the Anatel orders;
# the rest are the words carriers and senders use in those countries.
_STOP = """
    stop|stopall|stop all|unsubscribe|end|quit|revoke|optout|opt out|cancel|remove|remove me
    sair|pare|parar|pare por favor|por favor pare|cancelar|descadastrar|remover|sair da lista
    cancelar inscricao|nao quero mais
    baja|alto|salir|darme de baja|dar de baja|no quiero mas|parar por favor
    arret|desabonner|desinscription
    stopp|abmelden|abbestellen
    ferma|annulla|cancella|disiscrivimi
    stop please|please stop
"""
_START = """
    start|unstop|subscribe|yes start
    voltar|iniciar|comecar|quero receber|assinar
    alta|empezar|comenzar|suscribir|reanudar
    commencer|reprendre
    anmelden|starten
    inizia|riprendi
"""
_HELP = """
    help|info|help me
    ajuda|socorro|quem e voce|quem e
    ayuda|quien es
    aide|hilfe|aiuto
"""


class Keyword(Struct, frozen=True, kw_only=True):
    """What the whole text means, and the word as written, for the record."""

    meaning: Meaning
    word: str


def keyword(text: str) -> Keyword | None:
    """
    Read a whole text as a keyword, whatever its case, accents, width and punctuation.

    Only the whole text counts: "não pare" is no PARE, and "stop sending on Sundays" is for a person to read.
    """
    plain = _plain(text)
    meaning = _MEANINGS.get(plain)
    return Keyword(meaning=meaning, word=plain.upper()) if meaning else None


def _plain(text: str) -> str:
    compatible = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(letter for letter in compatible if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[\W_]+", " ", bare).split())


def _words(listing: str) -> list[str]:
    return [word.strip() for line in listing.splitlines() for word in line.split("|") if word.strip()]


_MEANINGS: dict[str, Meaning] = {
    **dict.fromkeys(_words(_HELP), "help"),
    **dict.fromkeys(_words(_START), "start"),
    **dict.fromkeys(_words(_STOP), "stop"),
}
