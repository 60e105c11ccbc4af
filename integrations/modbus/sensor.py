"""Numbers, texts, labels and flags that are only read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from hub.sdk import SensorEntity, StateClass
from integrations.modbus.entity import RegisterEntity, plain
from integrations.modbus.mapping import ranges
from integrations.modbus.mapping.models import EntitySpec
from integrations.modbus.mapping.units import unit

if TYPE_CHECKING:
    from integrations.modbus.polling.device import Device

LONGEST: Final = 255
"""Characters of a state."""
NO_FLAG: Final = "none"
"""Shown when every flag is known and none is set; empty would be read as unknown."""


class RegisterSensor(RegisterEntity, SensorEntity):
    """One register."""

    def __init__(self, source: "Device", spec: EntitySpec) -> None:
        """Show what a definition says; labels make it an `enum` that tells its options."""
        super().__init__(source, spec)
        register = self.register
        self.unit = unit(register)
        if (state_class := spec.fields.get("state_class")) is not None:
            self.state_class = StateClass(state_class)
        if ranges.is_number(register):
            self.suggested_display_precision = register.precision
        elif register.labels is not None and self.device_class in {None, "enum"}:
            self.device_class = "enum"
            self.unit = None
            self.options = tuple(dict.fromkeys(register.labels.values()))

    @property
    def native_value(self) -> str | float | datetime | None:
        """Return the value; flags joined to one text, epoch seconds of a timestamp as time."""
        value = plain(self.register, self.value(self.register.key))
        if isinstance(value, list):
            return ", ".join(value)[:LONGEST] or NO_FLAG
        if isinstance(value, bool):
            return "on" if value else "off"
        if self.device_class == "timestamp" and isinstance(value, int | float):
            return _moment(value)
        return value[:LONGEST] if isinstance(value, str) else value

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return the flags one by one as well."""
        found = super().extra_attributes
        if self.register.flags is None:
            return found
        return {**found, "flags": plain(self.register, self.value(self.register.key))}


def _moment(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
