"""A press that writes one value."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hub.sdk import ButtonEntity
from integrations.modbus.entity import ControlEntity, away
from integrations.modbus.mapping.models import EntitySpec

if TYPE_CHECKING:
    from integrations.modbus.polling.device import Device


class RegisterButton(ControlEntity, ButtonEntity):
    """Writes always the same; what the register shows does not matter."""

    def __init__(self, source: "Device", spec: EntitySpec) -> None:
        """Write what a definition says."""
        super().__init__(source, spec)
        self._value = spec.fields["value"]

    async def added(self) -> None:
        """Follow the device, not the register."""
        self._unfollow = [self.source.follow_health(self.write)]

    @property
    def available(self) -> bool:
        """Tell whether the device can be reached."""
        return self.source.available

    @property
    def unavailable_reason(self) -> str | None:
        """Say why it can not."""
        return away(self.source)

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return what waits to be written."""
        waiting = self.source.pending(self.register.key)
        return {} if waiting is None else {"pending": {self.register.key: waiting}}

    async def press(self) -> None:
        """Write the value."""
        await self.send({self.register.key: self._value})
