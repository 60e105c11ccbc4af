"""One of the labels of a register."""

from typing import TYPE_CHECKING

from hub.sdk import SelectEntity
from integrations.modbus.entity import ControlEntity
from integrations.modbus.mapping.models import EntitySpec

if TYPE_CHECKING:
    from integrations.modbus.polling.device import Device


class RegisterSelect(ControlEntity, SelectEntity):
    """One register with labels."""

    def __init__(self, source: "Device", spec: EntitySpec) -> None:
        """Offer what a definition says."""
        super().__init__(source, spec)
        self.options = tuple(spec.fields["options"])

    @property
    def current_option(self) -> str | None:
        """Return the label, also one that is not offered."""
        value = self.value(self.register.key)
        return value if isinstance(value, str) else None

    async def select_option(self, option: str) -> None:
        """Write the number of a label."""
        await self.send({self.register.key: option})
