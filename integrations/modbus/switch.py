"""What can be turned on and off."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hub.sdk import SwitchEntity, Unavailable
from integrations.modbus.entity import ControlEntity, plain
from integrations.modbus.mapping.models import EntitySpec, Value

if TYPE_CHECKING:
    from integrations.modbus.polling.device import Device


class RegisterSwitch(ControlEntity, SwitchEntity):
    """Writes one register, and shows the same or another one."""

    def __init__(self, source: "Device", spec: EntitySpec) -> None:
        """Switch what a definition says."""
        super().__init__(source, spec)
        fields = spec.fields
        self._on, self._off = fields["on"], fields["off"]
        self._state: str = fields["state"]
        self._written = next((key for key in spec.registers if key != self._state), self._state)

    @property
    def is_on(self) -> bool | None:
        """Compare with the values for on and off; None for any other."""
        value = self.value(self._state)
        if value == self._on:
            return True
        return False if value == self._off else None

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return a value that means neither on nor off as well."""
        found = super().extra_attributes
        value = self.value(self._state)
        if value is None or self.is_on is not None:
            return found
        return {**found, "reason": "not_mapped", "value": plain(self.register, value)}

    async def turn_on(self) -> None:
        """Write the value for on."""
        await self._set(self._on)

    async def turn_off(self) -> None:
        """Write the value for off."""
        await self._set(self._off)

    async def _set(self, value: Value) -> None:
        await self.send({self._written: value})
        if self._state != self._written:
            with suppress(Unavailable):  # it is written; the next round shows it
                await self.source.refresh([self._state])
