"""How other programs may use a line, as its spec says."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from integrations.modbus.gateway.requests import ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, Denied, Span
from integrations.modbus.mapping.models import Table

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Writable:
    """Addresses of a unit that other programs may write."""

    unit: int
    table: Table
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """Where a gateway listens and what it lets pass; times in seconds."""

    host: str = "127.0.0.1"
    port: int = 1502
    clients: tuple[Network, ...] = ()
    """Networks that may connect; none given = all."""
    max_clients: int = 8
    max_age: float = 0.0
    """How old an answer from memory may be; 0 = always ask the device."""
    idle: float = 300.0
    """Silence after which a client is cut."""
    write: tuple[Writable, ...] = ()

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Self:
        """Return the options of a validated spec; absent fields have their defaults."""
        fields = dict(spec)
        fields["clients"] = tuple(
            ipaddress.ip_network(network, strict=False) for network in spec.get("clients") or ()
        )
        fields["write"] = _joined(
            Writable(entry["unit"], Table(entry["table"]), entry["first"], entry["last"])
            for entry in spec.get("write") or ()
        )
        return cls(**fields)

    def admits(self, address: str) -> bool:
        """Tell whether a client of this address may connect."""
        if not self.clients:
            return True
        client = ipaddress.ip_address(address)
        mapped = getattr(client, "ipv4_mapped", None)
        return any((mapped or client) in network for network in self.clients)

    def demand(self, unit: int, span: Span) -> None:
        """Raise `Denied` when a span may not be written: its function, or only its addresses."""
        ranges = [item for item in self.write if (item.unit, item.table) == (unit, span.table)]
        if not ranges:
            raise Denied(ILLEGAL_FUNCTION)
        if not any(item.first <= span.first and span.last <= item.last for item in ranges):
            raise Denied(ILLEGAL_ADDRESS)


def _joined(entries: Iterable[Writable]) -> tuple[Writable, ...]:
    """Make one range of those that touch, so that a write may cover both."""
    joined: list[Writable] = []
    for entry in sorted(entries, key=lambda item: (item.unit, item.table, item.first)):
        before = joined[-1] if joined else None
        if (
            before is not None
            and (before.unit, before.table) == (entry.unit, entry.table)
            and entry.first <= before.last + 1
        ):
            last = max(before.last, entry.last)
            joined[-1] = Writable(before.unit, before.table, before.first, last)
        else:
            joined.append(entry)
    return tuple(joined)
