"""Registries that live in memory only and take ids as they are given."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from hub.registry import (
    AreaEntry,
    AreaRegistry,
    DeviceEntry,
    DeviceRegistry,
    EntityEntry,
    EntityRegistry,
    FloorEntry,
    FloorRegistry,
    LabelEntry,
    LabelRegistry,
)

if TYPE_CHECKING:
    from hub.events import EventBus
    from hub.storage import Database
    from hub.util.clock import Clock


class NoRows:
    """Takes rows and forgets them."""

    degraded = False

    def put(self, table: str, key: str, row: Mapping[str, Any]) -> None:
        """Forget a row."""

    def delete(self, table: str, key: str) -> None:
        """Forget that a row went."""

    async def flush(self) -> bool:
        """Return at once: nothing waits."""
        return True


class NoDatabase:
    """What a registry needs of a database, without one."""

    def __init__(self) -> None:
        """Keep nothing."""
        self.rows = NoRows()


class Floors(FloorRegistry):
    """Floors under given ids."""

    def give(self, entry: FloorEntry) -> None:
        """Add an entry as it is."""
        self._add(entry)


class Labels(LabelRegistry):
    """Labels under given ids."""

    def give(self, entry: LabelEntry) -> None:
        """Add an entry as it is."""
        self._add(entry)


class Areas(AreaRegistry):
    """Areas under given ids."""

    def give(self, entry: AreaEntry) -> None:
        """Add an entry as it is."""
        self._add(entry)


class Devices(DeviceRegistry):
    """Devices under given ids."""

    def give(self, entry: DeviceEntry) -> None:
        """Add an entry as it is."""
        self._add(entry)


class Entities(EntityRegistry):
    """Entities under given ids."""

    def give(self, entry: EntityEntry) -> None:
        """Add an entry as it is."""
        self._add(entry)


class Places:
    """The five registries of one world."""

    def __init__(self, bus: "EventBus", clock: "Clock") -> None:
        """Start empty."""
        nothing = cast("Database", NoDatabase())
        self.floors = Floors(bus, nothing, clock)
        self.labels = Labels(bus, nothing, clock)
        self.areas = Areas(bus, nothing, clock, floors=self.floors, labels=self.labels)
        self.devices = Devices(bus, nothing, clock, areas=self.areas, labels=self.labels)
        self.entities = Entities(bus, nothing, clock, areas=self.areas, labels=self.labels)
