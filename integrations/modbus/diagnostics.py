"""What a person needs to find a fault on a line; addresses are all that is private."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hub.sdk import Breaker
from integrations.modbus.line.options import LinkOptions

if TYPE_CHECKING:
    from integrations.modbus.link import Link
    from integrations.modbus.park import Park
    from integrations.modbus.polling.device import Device

_HIDDEN = ("ca", "certificate", "key")


def diagnostics(park: "Park") -> dict[str, Any]:
    """Return how each link and each device fares."""
    return {
        "links": {key: _link(link) for key, link in park.links.items()},
        "devices": {key: _device(device) for key, device in park.devices.items()},
    }


def _link(link: "Link") -> dict[str, Any]:
    line = link.line
    return {
        "name": link.name,
        "options": _options(line.options),
        "connected": line.connected,
        "error": line.error,
        "counters": asdict(line.counters),
        "connecting": _breaker(line.breaker),
        "gateway": None if link.gateway is None else link.gateway.as_dict(),
        "capture": None
        if link.capture is None
        else {"file": link.capture.path.name, "dropped": link.capture.dropped},
    }


def _options(options: LinkOptions) -> dict[str, Any]:
    found = asdict(options)
    found["transport"] = {
        "type": type(options.transport).__name__.lower(),
        **{
            name: bool(value) if name in _HIDDEN else value
            for name, value in found["transport"].items()
        },
    }
    return found


def _device(device: "Device") -> dict[str, Any]:
    settings, learned = device.settings, device.learned
    registers = device.registers()
    return {
        "name": settings.name,
        "link": settings.link,
        "unit": settings.unit,
        "definition": device.definition.name,
        "intervals": {rate.value: seconds for rate, seconds in settings.intervals.items()},
        "limits": {
            "words": settings.limits.words,
            "bits": settings.limits.bits,
            "gap": settings.limits.gap,
            "write_words": settings.limits.write_words,
            "pause": settings.limits.pause,
            "forbidden": [list(item) for item in settings.limits.forbidden],
        },
        "available": device.available,
        "breaker": _breaker(device.breaker),
        "counters": asdict(device.counters),
        "version": device.version,
        "learned": learned.as_dict(),
        "reads": [[read.table.value, read.start, read.count] for read in device.reads()],
        "registers": {
            item["key"]: {name: item[name] for name in ("raw", "age", "quality", "reason")}
            for item in registers
            if item["quality"] != "good"
        },
        "registers_good": sum(item["quality"] == "good" for item in registers),
    }


def _breaker(breaker: Breaker) -> dict[str, Any]:
    return {
        "state": breaker.state.value,
        "retry_in_s": round(breaker.retry_in, 1),
        "last_error": breaker.last_error,
        "changes": breaker.changes,
    }
