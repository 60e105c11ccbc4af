"""Entities made of a definition: identity, freshness, and what is said beside the value."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hub.sdk import DeviceInfo, Entity, EntityCategory
from integrations.modbus.const import DOMAIN
from integrations.modbus.mapping.models import EntitySpec, Register, Value
from integrations.modbus.mapping.units import shown
from integrations.modbus.polling.readings import Origin, Quality, Reading

if TYPE_CHECKING:
    from integrations.modbus.polling.device import Device


class DeviceEntity(Entity):
    """An entity of a polled device."""

    def __init__(self, source: "Device", key: str, name: str | None) -> None:
        """Be the part `key` of a device."""
        self.source = source
        self.unique_id = f"{source.key}|{key}"
        self.device = device_info(source)
        self.name = name
        self._unfollow: list[Callable[[], None]] = []

    async def removed(self) -> None:
        """Follow no more."""
        for unfollow in self._unfollow:
            unfollow()
        self._unfollow = []


class RegisterEntity(DeviceEntity):
    """An entity that shows registers; the first one gives the quality."""

    def __init__(self, source: "Device", spec: EntitySpec) -> None:
        """Be what a definition says."""
        super().__init__(source, spec.key, spec.name)
        fields = spec.fields
        self.registers = spec.registers
        self.register = source.definition.by_key[spec.registers[0]]
        self.device_class = fields.get("device_class")
        self.enabled_default = fields.get("enabled", True)
        self.icon = fields.get("icon")
        self.suggested_object_id = fields.get("object_id")
        if (category := fields.get("category")) is not None:
            self.entity_category = EntityCategory(category)

    async def added(self) -> None:
        """Follow the registers; one that is only written is there while its device is."""
        self._unfollow = [self.source.follow(self.registers, self.write)]
        if not self.register.is_read:
            self._unfollow.append(self.source.follow_health(self.write))

    @property
    def reading(self) -> Reading:
        """Return what is known of the first register."""
        return self.source.reading(self.register.key)

    @property
    def available(self) -> bool:
        """Tell whether the value can be trusted, or what is only written can be reached."""
        if not self.register.is_read:
            return self.source.available
        return self.reading.quality is Quality.GOOD

    @property
    def unavailable_reason(self) -> str | None:
        """Say why there is no value that can be trusted."""
        return self.reading.reason if self.register.is_read else away(self.source)

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return quality and time of the reading, and an old value as what it is."""
        reading = self.reading
        found: dict[str, Any] = {
            "quality": reading.quality.value,
            "last_report": timestamp(reading.at),
        }
        if reading.quality is Quality.STALE:
            found["last_value"] = plain(self.register, reading.value)
        if reading.reason is not None:
            found["reason"] = reading.reason
        if reading.origin is Origin.ASSUMED or not self.register.is_read:
            found["assumed_state"] = True
        return found

    def value(self, key: str) -> Value | None:
        """Return the value of a register as it shows it; None = not known, or too old."""
        reading = self.source.reading(key)
        return reading.value if reading.quality is Quality.GOOD else None

    def number(self, key: str) -> float | None:
        """Return the number of a register in the hub's unit; None = not known, or too old."""
        value = self.value(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return shown(self.source.definition.by_key[key], value)


class ControlEntity(RegisterEntity):
    """An entity that also writes; a device that queues writes takes them while it is away."""

    @property
    def takes_calls(self) -> bool:
        """Tell whether a write can be tried or kept for later."""
        return self.source.settings.queues or self.available

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return, beside what is known, what waits to be written, by register."""
        waiting = {key: self.source.pending(key) for key in self.registers}
        waiting = {key: value for key, value in waiting.items() if value is not None}
        return {**super().extra_attributes, **({"pending": waiting} if waiting else {})}

    async def send(self, values: Mapping[str, Value]) -> None:
        """Write registers, as they show the values; returns when the device has confirmed them."""
        try:
            await self.source.write(values)
        finally:
            self.write()


def device_info(source: "Device") -> DeviceInfo:
    """Return what the registry is told about a device."""
    settings, definition = source.settings, source.definition
    return DeviceInfo(
        identifiers=frozenset({(DOMAIN, source.key)}),
        name=settings.name,
        manufacturer=definition.manufacturer,
        model=definition.model or definition.name,
        suggested_area=settings.area,
        via_device=(DOMAIN, f"link:{settings.link}"),
    )


def away(source: "Device") -> str | None:
    """Say in a word why a device gets no requests; None = it gets them."""
    if source.available:
        return None
    return "breaker_open" if source.line.connected else "link_down"


def plain(register: Register, value: Value | None) -> Any:
    """Return a value as JSON, in the hub's unit."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return shown(register, value)


def timestamp(at: float | None) -> str | None:
    """Return a wall time as an ISO text, to the second."""
    return None if at is None else datetime.fromtimestamp(int(at), UTC).isoformat()
