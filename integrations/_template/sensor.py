"""Sensors: thin classes that show what the coordinator has."""

from collections.abc import Callable

from hub.sdk import Coordinator, DeviceInfo, SensorEntity, StateClass
from integrations._template.const import DOMAIN
from integrations._template.models import Reading


class TemperatureSensor(SensorEntity):
    """Degrees Celsius."""

    name = "Temperature"
    device_class = "temperature"
    unit = "°C"
    state_class = StateClass.MEASUREMENT
    _unlisten: Callable[[], None] | None = None

    def __init__(self, coordinator: Coordinator[Reading], key: str, name: str) -> None:
        """Show `coordinator`; `key` identifies the device for ever, its name may change."""
        self.unique_id = f"{key}-temperature"
        self.device = DeviceInfo(identifiers=frozenset({(DOMAIN, key)}), name=name)
        self._coordinator = coordinator

    @property
    def available(self) -> bool:
        """Tell whether the newest question was answered."""
        return self._coordinator.available

    @property
    def unavailable_reason(self) -> str | None:
        """Say why there is no value."""
        error = self._coordinator.error
        return None if error is None else error.message

    @property
    def native_value(self) -> float | None:
        """Return the newest reading."""
        data = self._coordinator.data
        return None if data is None else data.temperature

    async def added(self) -> None:
        """Begin to follow the coordinator."""
        self._unlisten = self._coordinator.listen(self.write)

    async def removed(self) -> None:
        """Let go of the coordinator."""
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
