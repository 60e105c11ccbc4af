"""Who is asking from where: host names, proxies, origins and local addresses."""

import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from hub.api.local import ADDRESS, is_local, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hub.config.settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FORWARDING: Final = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host")
"""Headers that only a proxy sends."""


class Gate:
    """The network rules of the settings, ready to be asked."""

    def __init__(self, settings: "Settings") -> None:
        """Read `http` (host names, proxies, origins) and the hub's own addresses."""
        http = settings.http
        self._hosts = frozenset(host.lower() for host in http.allowed_hosts)
        self._proxies: tuple[Network, ...] = tuple(http.trusted_proxies)
        self._origins = frozenset(item.rstrip("/").lower() for item in http.cors_origins)
        own = (settings.hub.internal_url, settings.hub.external_url)
        self._own_origins = frozenset(origin for url in own if url and (origin := origin_of(url)))

    def host_allowed(self, host: str) -> bool:
        """Tell whether a Host header names this hub (any name, when no list is configured)."""
        return not self._hosts or host_name(host) in self._hosts

    def origin_allowed(self, origin: str) -> bool:
        """Tell whether pages of this origin may read the API (the configured origins)."""
        return origin.lower() in self._origins

    def websocket_origin_allowed(self, request: web.Request) -> bool:
        """Tell whether a websocket may be opened by this page; programs send no Origin."""
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None:
            return True
        lower = origin.lower()
        if self.origin_allowed(lower) or lower in self._own_origins:
            return True
        return urlsplit(lower).netloc == request.host.lower()

    def client(self, request: web.BaseRequest) -> str:
        """Return the client's address: the peer's, or what a trusted proxy says."""
        if is_local(request.transport):
            return ADDRESS if plain(request.headers) else ""
        return self.address(peer_address(request), request.headers)

    def address(self, peer: str, headers: "Mapping[str, str]") -> str:
        """Return the client's address, given that of the other end and the headers."""
        if not self._proxies or not self._trusted(peer):
            return peer
        for hop in reversed(_hops(headers)):
            address = parse_address(_bare(hop))
            if address is None:
                return peer  # what is no address must not become a key that is new each time
            if not any(address in network for network in self._proxies):
                return str(address)
        return peer

    def scheme(self, request: web.BaseRequest) -> str:
        """Return `http` or `https` as the client sees it."""
        if self._proxies and self._trusted(peer_address(request)):
            proto = request.headers.get("X-Forwarded-Proto", "").split(",")[-1].strip().lower()
            if proto in ("http", "https"):
                return proto
        return request.scheme

    def is_local(self, request: web.BaseRequest) -> bool:
        """Tell whether the client surely sits in this machine's own networks.

        A proxy that is not listed hides the client, so its requests are never local.
        """
        if not self._trusted(peer_address(request)) and any(
            name in request.headers for name in FORWARDING
        ):
            return False
        return is_local_address(self.client(request))

    def _trusted(self, address: str) -> bool:
        parsed = parse_address(address)
        return parsed is not None and any(parsed in network for network in self._proxies)


def peer_address(request: web.BaseRequest) -> str:
    """Return the address of the other end of the connection; empty when it is gone."""
    peer = request.get_extra_info("peername") if request.transport is not None else None
    return str(peer[0]) if isinstance(peer, tuple) and peer else ""


def parse_address(text: str) -> Address | None:
    """Parse an address; IPv4 inside IPv6 counts as IPv4, a zone is dropped."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def is_local_address(text: str) -> bool:
    """Tell whether an address is loopback, private or link-local."""
    address = parse_address(text)
    return address is not None and (
        address.is_loopback or address.is_private or address.is_link_local
    )


def is_loopback(text: str) -> bool:
    """Tell whether an address or name means this machine only."""
    address = parse_address(text)
    return text == "localhost" if address is None else address.is_loopback


def host_name(host: str) -> str:
    """Return the name part of a Host header, in small letters, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def origin_of(url: str) -> str | None:
    """Return `scheme://host[:port]` of a URL in small letters."""
    parts = urlsplit(url.lower())
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else None


def _bare(hop: str) -> str:
    """Return an address without the port and brackets that some proxies add."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _hops(headers: "Mapping[str, str]") -> list[str]:
    """Return the addresses of all X-Forwarded-For headers, the client's first."""
    getall = getattr(headers, "getall", None)
    values: Iterable[str] = getall("X-Forwarded-For", ()) if getall is not None else ()
    return [part.strip() for value in values for part in value.split(",") if part.strip()]
