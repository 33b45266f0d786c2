"""The sandbox's memory: messages in order, by person, and what vendors keep beside them."""

from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec

from notifier.sandbox.config import SandboxConfig
from notifier.sandbox.records import Channel, Message
from notifier.sandbox.tape import Tape

_MESSAGE = msgspec.msgpack.Decoder(Message)
_ANY = msgspec.msgpack.Decoder()


class Store:
    """
    Everything is read from memory; `tape`, when given, lets it survive a restart.

    `notes` are small facts by kind and key: `opt-outs`, `outcomes`, `contents`, `bounces`, `spam_reports`,
    `unsubscribes`.
    """

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self.messages: dict[str, Message] = {}
        self.by_person: dict[str, deque[Message]] = {}
        self.notes: dict[str, dict[str, Any]] = {}
        self._html: deque[Message] = deque()
        self._html_bytes = 0
        self.tape: Tape | None = None
        if config.path:
            self.tape = Tape(config.path)
            self._recall(self.tape)

    def add(self, message: Message) -> None:
        self._remember(message)
        if self.tape:
            self.tape.write("message", message)

    def change(self, message: Message, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(message, name, value)
        if self.tape:
            self.tape.write("change", (message.key, fields))

    def note(self, kind: str, key: str, value: Any) -> None:
        """Keep a small fact; None removes it."""
        self._jot(kind, key, value)
        if self.tape:
            self.tape.write("note", (kind, key, value))

    def noted(self, kind: str, key: str) -> Any:
        return self.notes.get(kind, {}).get(key)

    def forget(self, message: Message) -> None:
        self._drop(message)
        if self.tape:
            self.tape.write("forget", message.key)

    def clear(self) -> None:
        """Empty the phones and mailboxes; opt-outs, suppressions and templates stay, as they would at the vendors."""
        self.messages.clear()
        self.by_person.clear()
        self._html.clear()
        self._html_bytes = 0
        if self.tape:
            self.tape.restart(self._noted())

    def outbound(self, *, to: str = "", channel: Channel | None = None, limit: int | None = None) -> list[Message]:
        """List what the notifier sent, oldest first; `limit` keeps the newest."""
        among: Iterator[Message] = reversed(self.by_person.get(to, ()) if to else self.messages.values())
        found = (one for one in among if not (one.is_inbound or one.is_own) and channel in {None, one.channel})
        newest = list(found) if limit is None else [one for _, one in zip(range(limit), found, strict=False)]
        return newest[::-1]

    def thread(self, person: str, channel: Channel) -> list[Message]:
        """List everything between one person and us on a channel, oldest first."""
        return [one for one in self.by_person.get(person, ()) if one.channel == channel]

    def last(self, person: str, channel: Channel, *, inbound: bool) -> Message | None:
        """Find the newest text of one direction."""
        among = reversed(self.by_person.get(person, ()))
        return next((one for one in among if one.channel == channel and one.is_inbound is inbound), None)

    def _remember(self, message: Message) -> None:
        self.messages[message.key] = message
        self.by_person.setdefault(message.person, deque()).append(message)
        if message.html:
            self._html.append(message)
            self._html_bytes += len(message.html)
        while self._html_bytes > self._config.keep_bytes and self._html:
            thinned = self._html.popleft()
            self._html_bytes -= len(thinned.html)
            thinned.html, thinned.is_thinned = "", True
        while len(self.messages) > self._config.keep_messages:
            self._drop(next(iter(self.messages.values())))

    def _drop(self, message: Message) -> None:
        self.messages.pop(message.key, None)
        theirs = self.by_person.get(message.person)
        if theirs is not None:
            theirs.remove(message)
            if not theirs:
                del self.by_person[message.person]
        if self._html and self._html[0] is message:
            self._html.popleft()
            self._html_bytes -= len(message.html)

    def _jot(self, kind: str, key: str, value: Any) -> None:
        if value is None:
            self.notes.get(kind, {}).pop(key, None)
        else:
            self.notes.setdefault(kind, {})[key] = value

    def _noted(self) -> list[tuple[str, Any]]:
        return [("note", (kind, key, value)) for kind, facts in self.notes.items() for key, value in facts.items()]

    def _recall(self, tape: Tape) -> None:
        entries = 0
        for kind, raw in tape.read():
            entries += 1
            if kind == "message":
                self._remember(_MESSAGE.decode(raw))
                continue
            value = _ANY.decode(raw)
            if kind == "note":
                self._jot(*value)
            elif message := self.messages.get(value[0] if kind == "change" else value):
                if kind == "forget":
                    self._drop(message)
                    continue
                for name, new in value[1].items():
                    setattr(message, name, new)
        if entries > 4 * (len(self.messages) + 1_000):
            tape.restart([*self._noted(), *(("message", message) for message in self.messages.values())])
