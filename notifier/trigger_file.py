"""Accept the triggers of a file, as the command line gives them."""

import msgspec

from notifier.clock import business_now
from notifier.errors import Invalid
from notifier.house import House
from notifier.intake import accept as intake
from notifier.intake.events import Event, read


def accept(house: House, raw: bytes) -> tuple[list[str], list[str]]:
    """
    Take the good events of a CloudEvent or a list of them; return a line per accepted one and per wrong field.

    Raises:
        Invalid: the file is no JSON.
    """
    events = read_all(raw)
    with house.database.begin() as db:
        results = intake.accept(db, [one for one in events if isinstance(one, Event)], now=business_now(db))
    refused = [(f"event {place}", one.fields) for place, one in enumerate(events) if isinstance(one, Invalid)]
    refused += [(result.id, result.errors) for result in results if result.status == "refused"]
    taken = [f"{result.status}  {result.source}  {result.id}" for result in results if result.status != "refused"]
    return taken, [f"refused  {name}  {field}: {why}" for name, fields in refused for field, why in fields.items()]


def read_all(raw: bytes) -> list[Event | Invalid]:
    """
    Return every event, or what is wrong with it, in the file's order.

    Raises:
        Invalid: the file is no JSON.
    """
    try:
        given = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("The file is no JSON.", {"FILE": str(error)}) from error
    ones = given if isinstance(given, list) else [given]
    return [read(one if isinstance(one, dict) else msgspec.json.encode(one)) for one in ones]
