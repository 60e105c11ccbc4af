"""A number that can be set."""

from typing import TYPE_CHECKING, Final

from hub.sdk import NumberEntity
from integrations.modbus.entity import ControlEntity
from integrations.modbus.mapping.models import EntitySpec
from integrations.modbus.mapping.units import distance, highest, lowest, unit, wanted

if TYPE_CHECKING:
    from integrations.modbus.polling.device import Device

FINEST: Final = 0.001
"""Readers of MQTT discovery take no smaller step."""


class RegisterNumber(ControlEntity, NumberEntity):
    """One register, in the hub's unit."""

    def __init__(self, source: "Device", spec: EntitySpec) -> None:
        """Set what a definition says; its limits are in the register's unit."""
        super().__init__(source, spec)
        fields = spec.fields
        self.unit = unit(self.register)
        self.mode = fields["mode"]
        self.min_value = lowest(self.register, fields["min"])
        self.max_value = highest(self.register, fields["max"])
        self.step = max(FINEST, distance(self.register, fields["step"]))

    @property
    def native_value(self) -> float | None:
        """Return the number."""
        return self.number(self.register.key)

    async def set_value(self, value: float) -> None:
        """Write a number that is inside the range."""
        await self.send({self.register.key: wanted(self.register, value)})
