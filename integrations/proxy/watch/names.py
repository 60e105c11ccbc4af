"""Who serves a domain, asked of name servers: `NS` of the zone that a host's name lies in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hub.sdk import Clock

SECONDS: Final = 10.0
"""For one question, with all its tries."""
ATTEMPTS: Final = 3
PAUSE: Final = 5.0
"""Seconds between two attempts."""
RESOLVERS: Final = ("1.1.1.1", "8.8.8.8", "9.9.9.9")
"""Asked instead of the hub's own, which often answers for the house and not for the world."""
DNS_PORT: Final = 53


class State(StrEnum):
    """What a check says."""

    OK = "ok"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"
    """The question could not be answered: that says nothing of the domain."""


@dataclass(frozen=True, slots=True)
class Found:
    """Who serves a domain."""

    zone: str | None
    """The name that has name servers: `example.com` for `blog.example.com`."""
    servers: tuple[str, ...]
    error: str | None = None
    """Why it is not known."""


def judge(expected: Sequence[str], found: Found) -> State:
    """Compare: every expected name has to be there, others may be.

    A single one is matched as a part of a name, so that a provider's name is enough.
    """
    if found.error is not None or not found.servers:
        return State.UNKNOWN
    wanted = [plain(name) for name in expected]
    if len(wanted) == 1:
        return State.OK if any(wanted[0] in name for name in found.servers) else State.MISMATCH
    return State.OK if set(wanted) <= set(found.servers) else State.MISMATCH


def plain(name: str) -> str:
    """Return a name as it is compared: small letters, no dot at the end, no wildcard."""
    return name.strip().rstrip(".").lower().removeprefix("*.")


def domains(names: Iterable[str]) -> list[str]:
    """Return the names to ask about, without those below another of them."""
    wanted = sorted({plain(name) for name in names if "." in plain(name)}, key=len)
    found: list[str] = []
    for name in wanted:
        if not any(name.endswith(f".{above}") for above in found):
            found.append(name)
    return found


async def ask(domain: str, resolvers: Sequence[str], clock: "Clock") -> Found:
    """Find out who serves a domain, asking `resolvers` (`address` or `address:port`).

    A question that fails is tried three times, 5 s apart, then it is an error of the answer.
    """
    found, again = await _once(domain, resolvers)
    for _ in range(ATTEMPTS - 1):
        if not again:
            break
        await clock.sleep(PAUSE)
        found, again = await _once(domain, resolvers)
    return found


async def _once(domain: str, resolvers: Sequence[str]) -> tuple[Found, bool]:
    """Ask once; the flag says that another try may help."""
    import dns.asyncresolver
    import dns.exception
    import dns.resolver

    resolver = _resolver(resolvers)
    labels = plain(domain).split(".")
    for depth in range(max(1, len(labels) - 1)):
        zone = ".".join(labels[depth:])
        try:
            answer = await resolver.resolve(zone, "NS", search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            continue
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return Found(None, (), f"{zone}: {_words(error)}"), True
        servers = sorted({plain(record.target.to_text()) for record in answer})
        return Found(zone, tuple(servers)), False
    return Found(None, (), f"{domain}: no zone has this name"), False


def _resolver(resolvers: Sequence[str]) -> Any:
    """Return a resolver that asks these servers and reads no file of this machine."""
    import dns.asyncresolver
    import dns.nameserver

    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = [
        dns.nameserver.Do53Nameserver(*_address(server)) for server in resolvers
    ]
    resolver.lifetime, resolver.timeout = SECONDS, SECONDS / 3
    return resolver


def _address(server: str) -> tuple[str, int]:
    """Split `address`, `address:port` or `[v6]:port`."""
    host, colon, port = server.rpartition(":")
    if colon and port.isdecimal() and (host.startswith("[") or ":" not in host):
        return host.strip("[]"), int(port)
    return server.strip("[]"), DNS_PORT


def _words(error: Exception) -> str:
    """Return why a question failed, short and without control characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return "".join(char for char in text if char.isprintable())[:200]
