"""Which way a message goes: by priority and weight among the ways that are open now; pure."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from notifier.providers.contract import Channel, Route
from notifier.providers.registry import CHANNELS, Providers

Sender = tuple[str, str]
"""A provider's name and one of its senders: what limits and pauses are about."""


class Ways:
    """The ways that are open, by channel; taking one takes of its room, which channels of one sender share."""

    def __init__(
        self,
        providers: Providers,
        rooms: Mapping[Sender, float],
        closed: Iterable[Sender] = (),
        *,
        stopped: Collection[str] = (),
    ) -> None:
        """`rooms`: of the senders that are limited now; nothing goes by a `closed` sender or a `stopped` provider."""
        shut = set(closed)
        self._rooms = dict(rooms)
        self.used: dict[Sender, float] = defaultdict(float)
        """What was taken, by sender, of those that are limited or not the only way."""
        self._open: dict[Channel, list[Route]] = {
            channel: [
                route
                for route in providers.routes(channel)
                if sender_of(route) not in shut and route.provider.name not in stopped
            ]
            for channel in CHANNELS
        }
        self._only = {
            channel: routes[0]
            for channel, routes in self._open.items()
            if len(routes) == 1 and not self.is_limited(sender_of(routes[0]))
        }
        """Channels with one way that nothing limits: there is nothing to choose, and nothing to count."""

    def room(self, channel: Channel) -> float:
        """Return how many messages may go by a channel now; `inf` when nothing limits them."""
        senders = {sender_of(route) for route in self._open[channel]}
        return sum((self._left(sender) for sender in senders), 0.0)

    def take(self, channel: Channel, message_id: UUID, tries: int) -> Route | None:
        """
        Choose a message's way and take one of its room; None when there is none.

        The same message always has the same order of ways; with each try it takes the next one.
        """
        if only := self._only.get(channel):
            return only
        left = [route for route in self._open[channel] if self._left(sender_of(route)) > 0]
        if not left:
            return None
        chosen = left[0] if len(left) == 1 else in_order(left, message_id)[tries % len(left)]
        self.use(sender_of(chosen), 1)
        return chosen

    def is_limited(self, sender: Sender) -> bool:
        """Tell whether it matters how much a sender is used."""
        return sender in self._rooms

    def use(self, sender: Sender, amount: float) -> None:
        """Take of a sender's room; what is used may exceed what there was."""
        self.used[sender] += amount
        if sender in self._rooms:
            self._rooms[sender] -= amount

    def _left(self, sender: Sender) -> float:
        return max(self._rooms.get(sender, math.inf), 0.0)


def sender_of(route: Route) -> Sender:
    """Return the sender a route's messages go by."""
    return route.provider.name, route.provider.sender(route.channel)


def in_order(routes: Iterable[Route], message_id: UUID) -> list[Route]:
    """Order routes for a message: by priority; within one priority each comes first as often as its weight says."""
    return sorted(routes, key=lambda route: (route.priority, _draw(route, message_id)))


def _draw(route: Route, message_id: UUID) -> float:
    # Weighted rendezvous: the smallest of exponential draws falls to each in proportion to its weight, and a route that
    # comes or goes moves only its own share.
    digest = hashlib.blake2b(message_id.bytes, key=route.provider.name.encode()[:64], digest_size=8).digest()
    return -math.log((int.from_bytes(digest) + 1) / (2**64 + 1)) / route.weight
