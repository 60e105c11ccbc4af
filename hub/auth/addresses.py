"""What a client's address says: local or not, and whose it is for counting."""

import ipaddress
from typing import Final

IPV6_PREFIX: Final = 64
"""One household or attacker commonly has a whole /64, so it counts as one address."""

_LOCAL: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Named one by one: the standard library counts documentation and benchmark networks as private."""


def parse(address: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address, IPv4 unwrapped from IPv6; None for what is none."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return found if mapped is None else mapped


def is_local(address: str | None) -> bool:
    """Tell whether an address is of this machine or of a private network."""
    found = parse(address)
    return found is not None and any(found in network for network in _LOCAL)


def counted(address: str | None) -> str:
    """Return the key under which failures of an address are counted."""
    found = parse(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))
    return str(found) if found is not None else (address or "")
