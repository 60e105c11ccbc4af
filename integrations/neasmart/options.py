"""Where and how a line is reached."""

from dataclasses import dataclass
from typing import Final

TCP: Final = "tcp"
RTU_OVER_TCP: Final = "rtu-over-tcp"
RTU_OVER_TCP_DIAL: Final = "rtu-over-tcp-dial"
SERIAL: Final = "serial"

LISTENING: Final = frozenset({TCP, RTU_OVER_TCP})
"""Types of lines where the adapter dials us."""

_EVERYWHERE: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - names of all addresses


@dataclass(frozen=True, slots=True)
class Options:
    """Where and how the line is reached; `allow` lists addresses or networks, empty = all."""

    transport: str = TCP
    host: str = "0.0.0.0"  # noqa: S104 - the adapter dials us from the house network
    port: int = 502
    device: str = ""
    baudrate: int = 38400
    parity: str = "N"
    stopbits: float = 1
    echo: bool = False
    allow: tuple[str, ...] = ()
    max_connections: int = 8
    idle_timeout: float = 0.0

    def collides(self, other: "Options") -> bool:
        """Tell whether two lines can not be open at once: one port, one adapter, one device."""
        if self.transport in LISTENING and other.transport in LISTENING:
            hosts = {self.host, other.host}
            return self.port == other.port and (
                len(hosts) == 1 or not hosts.isdisjoint(_EVERYWHERE)
            )
        if self.transport != other.transport:
            return False
        if self.transport == SERIAL:
            return self.device == other.device
        return (self.host, self.port) == (other.host, other.port)
