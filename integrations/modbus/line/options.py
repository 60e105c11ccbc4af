"""How a link is reached, and what it can stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

TCP: Final = "tcp"
UDP: Final = "udp"
RTU_OVER_TCP: Final = "rtu_over_tcp"
TLS: Final = "tls"
RTU: Final = "rtu"

BUSES: Final = frozenset({RTU_OVER_TCP, RTU})
"""Types where one question at a time is all that works."""
MOST_REQUESTS: Final = 8
"""Connections to one device or gateway at once."""


@dataclass(frozen=True, slots=True)
class Tcp:
    """Modbus/TCP: a device with a network socket, or a gateway before a bus."""

    host: str
    port: int = 502

    @property
    def place(self) -> str:
        """Return where it is, for people."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Udp(Tcp):
    """The frames of Modbus/TCP in datagrams."""


@dataclass(frozen=True, slots=True)
class RtuOverTcp(Tcp):
    """A transparent adapter: the bus's own frames over TCP."""

    echo: bool = False
    """The adapter hears what we send."""


@dataclass(frozen=True, slots=True)
class Tls(Tcp):
    """Modbus/TCP Security (MB-TCP-Security-v21); all texts are PEM."""

    port: int = 802
    server_name: str = ""
    """Name in the device's certificate; empty = the host."""
    ca: str = ""
    """Who signed it; empty = the authorities that the machine knows."""
    certificate: str = ""
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Serial:
    """A serial device of this machine."""

    device: str
    baudrate: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: int = 1
    echo: bool = False

    @property
    def place(self) -> str:
        """Return where it is, for people."""
        return self.device

    @property
    def seconds_per_byte(self) -> float:
        """Return how long a byte is on the wire, with its start, parity and stop bits."""
        bits = 1 + self.bytesize + (self.parity != "N") + self.stopbits
        return bits / self.baudrate


Transport = Tcp | Udp | RtuOverTcp | Tls | Serial

_TRANSPORTS: Final[Mapping[str, Callable[..., Transport]]] = {
    TCP: Tcp,
    UDP: Udp,
    RTU_OVER_TCP: RtuOverTcp,
    TLS: Tls,
    RTU: Serial,
}
_FIELDS: Final = ("timeout", "connect_timeout", "pause", "connect_pause", "requests", "retries")


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """Where a link goes and how patient it is; times in seconds."""

    transport: Transport
    timeout: float = 3.0
    """Until a question counts as unanswered."""
    connect_timeout: float = 5.0
    pause: float = 0.0
    """Rest between two requests; a serial line rests 3.5 characters at least."""
    connect_pause: float = 0.0
    """Rest between connecting and the first request."""
    requests: int = 1
    """Questions at once, each on a connection of its own; a bus hears one at a time."""
    retries: int = 1
    """How often a read is asked again when nothing, or nonsense, came back."""

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> "LinkOptions":
        """Return the options of a checked `modbus.link`."""
        fields = dict(spec["transport"])
        transport = _TRANSPORTS[fields.pop("type", TCP)](**fields)
        return cls(transport, **{name: spec[name] for name in _FIELDS if name in spec})

    @property
    def connections(self) -> int:
        """Return how many connections are kept open."""
        return 1 if self.is_bus else self.requests

    @property
    def is_bus(self) -> bool:
        """Tell whether frames of the bus are spoken: no transaction ids, one question at a time."""
        return isinstance(self.transport, RtuOverTcp | Serial)

    @property
    def rest(self) -> float:
        """Return the seconds between an answer and the next request."""
        return max(self.pause, self.silence)

    @property
    def silence(self) -> float:
        """Return the 3.5 characters that part frames, 1.75 ms above 19200 baud (V1.02, 2.5.1)."""
        if not isinstance(self.transport, Serial):
            return 0.0
        if self.transport.baudrate > 19_200:
            return 0.001_75
        return 3.5 * self.transport.seconds_per_byte
