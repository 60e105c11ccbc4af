"""Temperatures, humidity, valve openings, and what the line itself counts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from hub.sdk import DeviceInfo, Entity, EntityCategory, SensorEntity, StateClass
from integrations.neasmart import registers
from integrations.neasmart.coordinator import Installation
from integrations.neasmart.entity import (
    LineEntity,
    MeasuredEntity,
    line_device,
    tidy,
    zone_device,
)
from integrations.neasmart.models import Zone
from integrations.neasmart.registers import Kind


class Measurement(MeasuredEntity, SensorEntity):
    """One measured number."""

    state_class = StateClass.MEASUREMENT

    def __init__(
        self, installation: Installation, key: str, device: DeviceInfo, name: str, address: int
    ) -> None:
        """Show the register at `address`."""
        super().__init__(installation, key, device, name, (address,))
        self.translation_key = name.lower().replace(" ", "_")
        if registers.KINDS[address] is Kind.TEMPERATURE:
            self.device_class, self.unit = "temperature", "°C"
            self.suggested_display_precision = 1
        else:
            self.unit = "%"

    @property
    def native_value(self) -> float | None:
        """Return degrees Celsius or percent."""
        return tidy(self.reading.value)


@dataclass(frozen=True, slots=True)
class Count:
    """A figure of the line."""

    key: str
    name: str
    value: Callable[[Installation], float | None]
    unit: str | None = None
    device_class: str | None = None
    state_class: StateClass = StateClass.MEASUREMENT


COUNTS: Final = (
    Count(
        "frames",
        "Frames",
        lambda line: line.server.counters().frames,
        state_class=StateClass.TOTAL_INCREASING,
    ),
    Count(
        "noise",
        "Noise",
        lambda line: line.server.counters().noise,
        state_class=StateClass.TOTAL_INCREASING,
    ),
    Count("peers", "Connected adapters", lambda line: len(line.server.peers)),
    Count("pending", "Pending commands", lambda line: len(line.image.open)),
    Count(
        "read_latency",
        "Command read latency",
        lambda line: line.image.latency.read,
        unit="s",
        device_class="duration",
    ),
    Count(
        "confirm_latency",
        "Command confirmation latency",
        lambda line: line.image.latency.confirm,
        unit="s",
        device_class="duration",
    ),
)


class LineSensor(LineEntity, SensorEntity):
    """One figure of the line."""

    entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, installation: Installation, count: Count) -> None:
        """Show one figure."""
        super().__init__(installation, count.key, line_device(installation), count.name)
        self.translation_key = count.key
        self.unit = count.unit
        self.device_class = count.device_class
        self.state_class = count.state_class
        self._count = count

    @property
    def native_value(self) -> float | None:
        """Return the figure, seconds to the millisecond."""
        value = self._count.value(self.installation)
        return round(value, 3) if isinstance(value, float) else value


def line_sensors(installation: Installation) -> Iterator[Entity]:
    """Yield the sensors of the line and its global registers."""
    for key, name, address in (
        ("outside", "Outside temperature", registers.OUTSIDE),
        ("outside-filtered", "Filtered outside temperature", registers.OUTSIDE_FILTERED),
    ):
        yield Measurement(installation, key, line_device(installation), name, address)
    for count in COUNTS:
        yield LineSensor(installation, count)


def group_sensors(installation: Installation, number: int) -> Iterator[Entity]:
    """Yield valve, flow and return of a mixed group."""
    device, name = line_device(installation), f"Mixed group {number}"
    valve, _, flow, back = registers.mixed_group(number)
    for key, what, address in (
        ("valve", "valve", valve),
        ("flow", "flow temperature", flow),
        ("return", "return temperature", back),
    ):
        yield Measurement(installation, f"mixed-{number}-{key}", device, f"{name} {what}", address)


def temperature(installation: Installation, zone: Zone) -> Measurement:
    """Return the temperature of a zone."""
    address = zone.address + registers.ZONE_TEMPERATURE
    device = zone_device(installation, zone)
    return Measurement(installation, f"{zone.key}-temperature", device, "Temperature", address)


def humidity(installation: Installation, zone: Zone) -> Measurement:
    """Return the humidity of a zone that has a sensor."""
    address = zone.address + registers.ZONE_HUMIDITY
    device = zone_device(installation, zone)
    found = Measurement(installation, f"{zone.key}-humidity", device, "Humidity", address)
    found.device_class = "humidity"
    return found
