"""What the spec of a `modbus.link` holds: how devices are reached, and who else may."""

import re
from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from hub.sdk import (
    Secret,
    boolean,
    by_type,
    described,
    finite_float,
    list_of,
    network,
    port,
    text,
    whole,
)
from integrations.modbus.line.options import (
    BUSES,
    MOST_REQUESTS,
    RTU,
    RTU_OVER_TCP,
    TCP,
    TLS,
    UDP,
)
from integrations.modbus.mapping.models import Table

_PEM: Final = re.compile(
    r"(?:-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+"
)
_MOST_PEM: Final = 200_000


def _seconds(low: float, high: float) -> vol.All:
    message = f"expected seconds between {low:g} and {high:g}"
    return vol.All(finite_float, vol.Range(min=low, max=high, msg=message))


def _in_seconds(description: str) -> dict[str, Any]:
    return {"description": description, "unit": "s"}


@described(type="string", multiline=True, max_length=_MOST_PEM)
def _certificates(value: object) -> str:
    written = text(value).replace("\r\n", "\n").strip() + "\n"
    if len(written) > _MOST_PEM or _PEM.fullmatch(written) is None:
        raise vol.Invalid("expected certificates as PEM: -----BEGIN CERTIFICATE----- ...")
    return written


@described(type="string", max_length=255)
def _host(value: object) -> str:
    written = text(value).strip()
    if not 1 <= len(written) <= 255 or any(sign.isspace() or sign in "/@" for sign in written):
        raise vol.Invalid("expected a host name or an address")
    return written


@described(type="string", max_length=200)
def _device(value: object) -> str:
    written = text(value)
    if not re.fullmatch(r"/[A-Za-z0-9._/:@+-]{1,199}", written) or ".." in written:
        raise vol.Invalid("expected a serial device such as /dev/ttyUSB0")
    return written


_NAME: Final = vol.All(text, vol.Length(min=1, max=100, msg="expected 1 to 100 characters"))
_ECHO: Final[dict[Any, Any]] = {
    vol.Optional("echo", default=False, description="The adapter hears what we send"): boolean,
}


def _where(standard: int | None) -> dict[Any, Any]:
    number: vol.Marker = (
        vol.Required("port", description="Its port")
        if standard is None
        else vol.Optional("port", default=standard, description="Its port")
    )
    return {vol.Required("host", description="Name or address of the device or gateway"): _host} | {
        number: port
    }


def _both(fields: dict[str, Any]) -> dict[str, Any]:
    for name, other in (("certificate", "key"), ("key", "certificate")):
        if name in fields and other not in fields:
            raise vol.Invalid(f"expected it too, because there is a {name}", path=[other])
    return fields


TRANSPORTS: Final[Mapping[str, vol.Schema]] = {
    TCP: vol.Schema(
        {
            vol.Optional("type", default=TCP, description="Modbus/TCP: a device or a gateway"): TCP,
            **_where(502),
        }
    ),
    UDP: vol.Schema(
        {vol.Required("type", description="Modbus/TCP frames over UDP"): UDP, **_where(502)}
    ),
    RTU_OVER_TCP: vol.Schema(
        {
            vol.Required("type", description="A transparent adapter: bare RTU frames over TCP"): (
                RTU_OVER_TCP
            ),
            **_where(None),
            **_ECHO,
        }
    ),
    TLS: vol.Schema(
        vol.All(
            {
                vol.Required("type", description="Modbus/TCP Security: TLS"): TLS,
                **_where(802),
                vol.Optional(
                    "server_name", description="Name in its certificate; absent = the host"
                ): _host,
                vol.Optional(
                    "ca",
                    description="Who signed it, PEM; absent = the authorities this machine knows",
                ): _certificates,
                vol.Optional(
                    "certificate", description="Our certificate with its chain, PEM"
                ): _certificates,
                vol.Optional("key", description="Its private key, PEM"): Secret(min=50, max=20_000),
            },
            _both,
        )
    ),
    RTU: vol.Schema(
        {
            vol.Required("type", description="A serial device of this machine"): RTU,
            vol.Required("device", description="Such as /dev/ttyUSB0"): _device,
            vol.Optional("baudrate", default=9600, description="Its speed"): whole(
                300, 4_000_000, "a baud rate"
            ),
            vol.Optional("parity", default="N", description="Its parity"): vol.In(["N", "E", "O"]),
            vol.Optional("stopbits", default=1, description="Its stop bits"): vol.In([1, 2]),
            vol.Optional("bytesize", default=8, description="Its data bits"): vol.In([8, 7]),
            **_ECHO,
        }
    ),
}
"""The ways to a device, each with its own fields."""


def _ordered(item: dict[str, Any]) -> dict[str, Any]:
    if item["first"] > item["last"]:
        raise vol.Invalid("expected the last address behind the first", path=["last"])
    return item


_ADDRESS: Final = whole(0, 65_535, "a wire address")
WRITABLE: Final = vol.All(
    {
        vol.Required("unit", description="Unit id of the device"): whole(0, 255, "a unit id"),
        vol.Required("table", description="Which of its tables"): vol.In(
            [table.value for table in Table if table.is_writable]
        ),
        vol.Required("first", description="First address on the wire"): _ADDRESS,
        vol.Required("last", description="Last address on the wire"): _ADDRESS,
    },
    _ordered,
)
GATEWAY: Final[dict[Any, Any]] = {
    vol.Optional("host", default="127.0.0.1", description="Address to listen on"): _host,
    vol.Optional("port", default=1502, description="Port to listen on"): port,
    vol.Optional(
        "clients", default=list, description="Addresses or networks that may connect; empty = all"
    ): list_of(network),
    vol.Optional("max_clients", default=8, description="How many may be connected at once"): whole(
        1, 100, "a number of clients"
    ),
    vol.Optional(
        "max_age",
        default=0,
        description=_in_seconds("How old an answer from memory may be; 0 = always ask"),
    ): _seconds(0, 3600),
    vol.Optional(
        "idle", default=300, description=_in_seconds("Silence until a client is cut")
    ): _seconds(1, 86_400),
    vol.Optional(
        "write", default=list, description="Addresses that clients may write; empty = none"
    ): [WRITABLE],
}
CAPTURE: Final[dict[Any, Any]] = {
    vol.Optional("enabled", default=False, description="Record all traffic"): boolean,
    vol.Optional(
        "size_mb",
        default=16,
        description={"description": "Size at which a new file is begun", "unit": "MB"},
    ): whole(1, 1024, "a size in MB"),
}


def _one_at_a_time(spec: dict[str, Any]) -> dict[str, Any]:
    if spec["requests"] > 1 and spec["transport"]["type"] in BUSES:
        raise vol.Invalid("a bus hears one request at a time", path=["requests"])
    return spec


LINK: Final = vol.Schema(
    vol.All(
        {
            vol.Optional("name", description="What people call it"): _NAME,
            vol.Required("transport", description="How its devices are reached"): by_type(
                TRANSPORTS, TCP
            ),
            vol.Optional(
                "timeout",
                default=3,
                description=_in_seconds("How long an answer may take"),
            ): _seconds(0.05, 60),
            vol.Optional(
                "connect_timeout",
                default=5,
                description=_in_seconds("How long connecting may take"),
            ): _seconds(0.1, 60),
            vol.Optional(
                "pause", default=0, description=_in_seconds("Rest between two requests")
            ): _seconds(0, 10),
            vol.Optional(
                "connect_pause",
                default=0,
                description=_in_seconds("Rest between connecting and the first request"),
            ): _seconds(0, 60),
            vol.Optional(
                "requests",
                default=1,
                description="Requests at once, each on a connection of its own; not on a bus",
            ): whole(1, MOST_REQUESTS, "a number of requests"),
            vol.Optional(
                "retries", default=1, description="How often an unanswered read is asked again"
            ): whole(0, 5, "a number of retries"),
            vol.Optional("capture", default=dict, description="Record the traffic"): CAPTURE,
            vol.Optional("gateway", description="Let other programs use the link"): GATEWAY,
        },
        _one_at_a_time,
    )
)
"""The spec of a `modbus.link`."""
