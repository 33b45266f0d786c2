"""Invented people and their towns: who the demo's customers are."""

import unicodedata
from collections.abc import Iterator
from random import Random

import msgspec


class Town(msgspec.Struct, frozen=True, kw_only=True):
    """Where some customers live, and how many of every 250."""

    timezone: str
    locale: str
    country: str
    currency: str
    phones: tuple[str, ...]
    """Beginnings of mobile numbers, E.164; `#` stands for a digit."""
    share: int


TOWNS = (
    Town(timezone="America/Sao_Paulo", locale="pt_BR", country="BR", currency="BRL", share=70,
         phones=("+551196#######", "+552197#######", "+553198#######", "+555199#######")),
    Town(timezone="America/Manaus", locale="pt_BR", country="BR", currency="BRL", share=15, phones=("+559298#######",)),
    Town(timezone="America/Recife", locale="pt_BR", country="BR", currency="BRL", share=15, phones=("+558199#######",)),
    Town(timezone="Europe/Lisbon", locale="pt_PT", country="PT", currency="EUR", share=10, phones=("+35191#######",)),
    Town(timezone="America/New_York", locale="en_US", country="US", currency="USD", share=30,
         phones=("+1212555####", "+1917555####")),
    Town(timezone="America/Los_Angeles", locale="en_US", country="US", currency="USD", share=20,
         phones=("+1213555####", "+1415555####")),
    Town(timezone="Europe/London", locale="en_GB", country="GB", currency="GBP", share=20, phones=("+447400######",)),
    Town(timezone="Europe/Madrid", locale="es_ES", country="ES", currency="EUR", share=20, phones=("+3461#######",)),
    Town(timezone="America/Mexico_City", locale="es_MX", country="MX", currency="MXN", share=25,
         phones=("+5255########",)),
    Town(timezone="America/Argentina/Buenos_Aires", locale="es_AR", country="AR", currency="ARS", share=15,
         phones=("+549115#######",)),
    Town(timezone="America/Bogota", locale="es_CO", country="CO", currency="COP", share=10, phones=("+57300#######",)),
)  # fmt: skip

_FIRST = {
    "pt": "Ana Beatriz Bruno Caio Camila Carla Daniel Débora Eduardo Fernanda Gabriela Gustavo Helena Heitor Íris "
    "João Juliana Larissa Luana Lucas Luísa Marcelo Mariana Matheus Natália Otávio Paula Rafael Renata "
    "Rodrigo Sofia Thiago Valéria Vinícius Yasmin Zélia",
    "en": "Abigail Adam Amelia Brandon Chloe Connor Daisy Dylan Eleanor Ethan Evelyn Felix Grace Hannah Henry "
    "Isla Jack Jasmine Leo Lily Mason Megan Nathan Nora Oliver Owen Phoebe Quinn Rachel Ruby Samuel "
    "Scarlett Theo Violet Wesley Zoe",
    "es": "Adriana Alba Álvaro Andrés Belén Camilo Carmen Cristina Daniela Diego Elena Emilio Esteban Fátima "
    "Gonzalo Inés Iván Jimena Joaquín Julieta Lorena Lucía Manuela Martín Mateo Nuria Óscar Paloma Raúl "
    "Rocío Santiago Sara Tomás Valentina Ximena Yolanda",
}
_LAST = {
    "pt": "Almeida Andrade Araújo Barbosa Batista Campos Cardoso Carvalho Castro Correia Dias Duarte Esteves "
    "Farias Fonseca Freitas Gonçalves Leite Macedo Magalhães Moraes Moreira Nascimento Nogueira Pacheco "
    "Pinheiro Queiroz Ramos Rezende Sampaio Siqueira Tavares Teixeira Vasconcelos Viana Xavier",
    "en": "Abbott Bailey Barnes Bennett Brooks Carter Chambers Coleman Dawson Ellis Fisher Fletcher Garner Hayes "
    "Holloway Hughes Jennings Keller Lambert Marsh Mercer Norris Palmer Parker Pearce Quigley Reeves Rhodes "
    "Sawyer Sutton Tanner Turner Walsh Warren Whitaker Yates",
    "es": "Aguilar Álvarez Benítez Cabrera Calderón Cano Castillo Cordero Delgado Escobar Figueroa Fuentes "
    "Gallardo Gil Herrera Ibáñez Lozano Medina Méndez Molina Montoya Navarro Ortega Pardo Peña Quintana "
    "Ríos Rojas Salazar Santana Soto Suárez Valdés Vargas Vega Zamora",
}
_MAILBOXES = ("example.com", "example.net", "example.org")


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One invented customer."""

    name: str
    email: str
    phone: str
    town: Town


def people(count: int, dice: Random) -> list[Person]:
    """Invent people, no two with the same name, email or phone; the same dice, the same people. At most 3,000."""
    names = {language: _names(language, dice) for language in _FIRST}
    taken: set[str] = set()
    return [_person(_town(place), place, names, taken, dice) for place in range(count)]


def _town(place: int) -> Town:
    """Deal the towns out evenly: every 250 people hold each town's share, however many are asked for."""
    spot = place * 89 % 250  # 89 shares no factor with 250: each spot once
    for town in TOWNS:
        if spot < town.share:
            return town
        spot -= town.share
    raise AssertionError("the shares add up to 250")


#: Numbers with this ending are on no WhatsApp, as far as the sandbox is concerned: their owners get an SMS.
_NOT_ON_WHATSAPP = "0630"
_EVERY = 12


def _names(language: str, dice: Random) -> Iterator[str]:
    pairs = [f"{first} {last}" for first in _FIRST[language].split() for last in _LAST[language].split()]
    dice.shuffle(pairs)
    return iter(pairs)


def _person(town: Town, place: int, names: dict[str, Iterator[str]], taken: set[str], dice: Random) -> Person:
    name = next(names[town.locale[:2]])
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower().replace(" ", ".")
    phone = _phone(town, dice)
    if place % _EVERY == 0:
        phone = phone[:-4] + _NOT_ON_WHATSAPP
    while phone in taken:
        phone = _phone(town, dice)
    taken.add(phone)
    return Person(name=name, email=f"{plain}@{_MAILBOXES[place % len(_MAILBOXES)]}", phone=phone, town=town)


def _phone(town: Town, dice: Random) -> str:
    return "".join(str(dice.randrange(2, 10)) if sign == "#" else sign for sign in dice.choice(town.phones))
