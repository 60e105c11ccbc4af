"""What a client's address says: local or not, and whose it is for counting."""

import ipaddress
from typing import Final

IPV6_PREFIX: Final = 64
"""One household or attacker commonly has a whole /64, so it counts as one address."""


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
    return found is not None and (found.is_loopback or found.is_private or found.is_link_local)


def counted(address: str | None) -> str:
    """Return the key under which failures of an address are counted."""
    found = parse(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))
    return str(found) if found is not None else (address or "")
