"""What is known of a register, as JSON for services, page and command line."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integrations.modbus.mapping.models import Register
    from integrations.modbus.polling.device import Device


def row(device: "Device", register: "Register") -> dict[str, Any]:
    """Return a register with its newest reading; times in epoch seconds, ages in seconds."""
    reading, rule = device.reading(register.key), register.write
    stamp = device.values.stamp[device.values.slots[register.key]]
    age = None if stamp is None else round(device.clock.monotonic() - stamp.monotonic, 1)
    return {
        "key": register.key,
        "name": register.name or register.key,
        "table": register.table.value,
        "address": register.address,
        "words": register.words,
        "type": register.type.value,
        "raw": None if reading.raw is None else list(reading.raw),
        "value": list(reading.value) if isinstance(reading.value, tuple) else reading.value,
        "unit": register.unit,
        "precision": register.precision,
        "at": reading.at,
        "age": age,
        "quality": reading.quality.value,
        "origin": None if reading.origin is None else reading.origin.value,
        "reason": reading.reason,
        "rate": register.rate.value,
        "access": register.access.value,
        "writable": register.write is not None and not device.settings.read_only,
        "pending": device.pending(register.key),
        "labels": None if register.labels is None else list(register.labels.values()),
        "min": None if rule is None else rule.low,
        "max": None if rule is None else rule.high,
        "step": None if rule is None else rule.step,
    }
