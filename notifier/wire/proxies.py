"""Which proxy a call goes by: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in either case of letters."""

import ipaddress
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies

from notifier.wire.request import Origin, Unwritable, target


class Proxy(NamedTuple):
    """One that speaks HTTP: asked to connect for https, given the whole request for http."""

    origin: Origin
    authorization: str
    """Of Proxy-Authorization; empty without."""


class Proxies:
    """Read once; `given` is for whoever does not want those of the environment: scheme, `all` or `no` → value."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self._given = dict(getproxies() if given is None else given)

    def way_to(self, origin: Origin) -> Proxy | None:
        """
        Return the proxy for an origin, or None when it is called directly.

        Raises:
            Unwritable: the proxy set is of a kind we do not speak; going past it would be worse than not to go.
        """
        url = self._given.get(origin.scheme) or self._given.get("all")
        if not url or self._is_spared(origin):
            return None
        url = url if "://" in url else f"http://{url}"
        if urlsplit(url).scheme != "http":
            raise Unwritable(f"a proxy that is not http://…: {urlsplit(url).scheme}://…")
        to = target(url)
        return Proxy(to.origin, to.authorization)

    def _is_spared(self, origin: Origin) -> bool:
        return any(_names(one.strip().lower(), origin) for one in self._given.get("no", "").split(","))


def _names(one: str, origin: Origin) -> bool:
    """Say whether an entry of NO_PROXY (`*`, a name, with or without a port, an address, a network) names an origin."""
    if one in {"*", f"{origin.host}:{origin.port}"}:
        return True
    name = one.removeprefix("*").removeprefix(".").strip("[]")
    return bool(name) and (f".{origin.host}".endswith(f".{name}") or _is_within(origin.host, name))


def _is_within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
