"""Hubs of Home Assistant's modbus as links."""

import re
from typing import Final

from integrations.modbus.importing.draft import Spec
from integrations.modbus.importing.parts import Part

NETWORK: Final = {"tcp": "tcp", "udp": "udp", "rtuovertcp": "rtu_over_tcp"}
SERIAL: Final = "serial"
SERIAL_WAIT: Final = 30
"""Milliseconds between requests on a serial line, where nothing is said."""
MOST_RETRIES: Final = 5
GONE: Final = ("close_comm_on_error", "retry_on_empty", "strict_mode")
_SOCKET: Final = re.compile(r"socket://(?P<host>\[[^\]]+\]|[^:/]+):(?P<port>\d+)/?")


def link(part: Part, name: str) -> Spec:
    """Return the spec of a link; raises `Unfit` when the hub has no such transport."""
    kind = part.choice("type", (*NETWORK, SERIAL))
    transport = _serial(part) if kind == SERIAL else _network(part, kind)
    spec: Spec = {"name": name[:100], "transport": transport}
    if "timeout" in part:
        spec["timeout"] = part.real("timeout")
    if delay := part.whole("delay", 0):
        spec["connect_pause"] = delay
    usual = SERIAL_WAIT if kind == SERIAL else 0
    if wait := part.whole("message_wait_milliseconds", usual, high=10_000):
        spec["pause"] = wait / 1000
    if "retries" in part:
        spec["retries"] = min(part.whole("retries"), MOST_RETRIES)
        part.note("retries", "only reads are asked again")
    part.ignored(*GONE, why="is not needed: a link opens anew by itself")
    return spec


def endpoint(spec: Spec) -> tuple[str, ...]:
    """Return what two hubs can not share."""
    transport = spec["transport"]
    if "device" in transport:
        return (str(transport["device"]),)
    return (str(transport["host"]).lower(), str(transport["port"]))


def _network(part: Part, kind: str) -> Spec:
    return {
        "type": NETWORK[kind],
        "host": part.text("host"),
        "port": part.whole("port"),
    }


def _serial(part: Part) -> Spec:
    if part.choice("method", ("rtu", "ascii"), "rtu") == "ascii":
        raise part.unfit(
            "Modbus ASCII is not spoken", "set the device to RTU, or use a gateway that speaks it"
        )
    port = part.text("port")
    baudrate = part.whole("baudrate", 9600, high=4_000_000)
    parity = part.choice("parity", ("N", "E", "O"), "N")
    stopbits, bytesize = part.whole("stopbits", 1, high=2), part.whole("bytesize", 8, high=8)
    if (match := _SOCKET.fullmatch(port)) is not None:
        part.note("port", "the port of a network is RTU over TCP")
        found = {"host": match["host"].strip("[]"), "port": int(match["port"])}
        return {"type": "rtu_over_tcp", **found}
    if "://" in port:
        raise part.unfit(
            f"{port.partition('://')[0]}:// is not spoken", "let the adapter speak RTU over TCP"
        )
    if bytesize < 7:
        raise part.unfit(f"bytes of {bytesize} bits are not spoken")
    return {
        "type": "rtu", "device": port, "baudrate": baudrate, "parity": parity,
        "stopbits": stopbits, "bytesize": bytesize,
    }  # fmt: skip
