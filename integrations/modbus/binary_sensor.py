"""Coils, inputs, bits and alarms: what is on or off by itself."""

from typing import TYPE_CHECKING

from hub.sdk import BinarySensorEntity
from integrations.modbus.entity import RegisterEntity
from integrations.modbus.mapping.models import EntitySpec

if TYPE_CHECKING:
    from integrations.modbus.polling.device import Device


class RegisterBinarySensor(RegisterEntity, BinarySensorEntity):
    """One register; it is on while it shows one of some values."""

    def __init__(self, source: "Device", spec: EntitySpec) -> None:
        """Show what a definition says."""
        super().__init__(source, spec)
        self._on = frozenset(spec.fields["on"])

    @property
    def is_on(self) -> bool | None:
        """Tell whether it is true, not 0, any flag is set, or it shows what means on."""
        value = self.value(self.register.key)
        if value is None:
            return None
        if not self._on:
            return bool(value)
        return not self._on.isdisjoint(value if isinstance(value, tuple) else (value,))
