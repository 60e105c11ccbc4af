"""Areas: the rooms of the house."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.const import (
    EVENT_AREA_REGISTRY_UPDATED,
    EVENT_ENTITY_REGISTRY_UPDATED,
    EVENT_FLOOR_REGISTRY_UPDATED,
    EVENT_LABEL_REGISTRY_UPDATED,
)
from hub.errors import InvalidInfo
from hub.registry.base import NamedRegistry, tidy
from hub.registry.entry import Entry

if TYPE_CHECKING:
    from hub.events import Event, EventBus
    from hub.registry.floors import FloorRegistry
    from hub.registry.labels import LabelRegistry
    from hub.storage import Database
    from hub.util.clock import Clock

_SENSORS = ("temperature_entity_id", "humidity_entity_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaEntry(Entry):
    """One area."""

    area_id: str
    name: str
    aliases: tuple[str, ...] = ()
    floor_id: str | None = None
    humidity_entity_id: str | None = None
    icon: str | None = None
    labels: tuple[str, ...] = ()
    picture: str | None = None
    temperature_entity_id: str | None = None

    @property
    def key(self) -> str:
        """Return the area's id."""
        return self.area_id

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "aliases": list(self.aliases),
            "area_id": self.area_id,
            "created_at": self.created_at,
            "floor_id": self.floor_id,
            "humidity_entity_id": self.humidity_entity_id,
            "icon": self.icon,
            "labels": list(self.labels),
            "modified_at": self.modified_at,
            "name": self.name,
            "picture": self.picture,
            "temperature_entity_id": self.temperature_entity_id,
        }


class AreaRegistry(NamedRegistry[AreaEntry]):
    """All areas; references to floors, labels and entities follow those."""

    TABLE, KEY, NOUN = "areas", "area_id", "Area"
    EVENT = EVENT_AREA_REGISTRY_UPDATED
    entry = AreaEntry

    def __init__(
        self,
        bus: "EventBus",
        database: "Database",
        clock: "Clock",
        *,
        floors: "FloorRegistry | None" = None,
        labels: "LabelRegistry | None" = None,
    ) -> None:
        """Start empty; without `floors` and `labels` references to them are not checked."""
        super().__init__(bus, database, clock)
        self._floors = floors
        self._labels = labels
        bus.listen(EVENT_FLOOR_REGISTRY_UPDATED, self._floor_updated)
        bus.listen(EVENT_LABEL_REGISTRY_UPDATED, self._label_updated)
        bus.listen(EVENT_ENTITY_REGISTRY_UPDATED, self._entity_updated)

    def create(
        self,
        name: str,
        *,
        aliases: Iterable[str] = (),
        floor_id: str | None = None,
        icon: str | None = None,
        labels: Iterable[str] = (),
        picture: str | None = None,
        temperature_entity_id: str | None = None,
        humidity_entity_id: str | None = None,
    ) -> AreaEntry:
        """Make an area; raises `InvalidInfo` when the name is taken or the floor unknown."""
        name = self._named(name)
        values = self._checked({"aliases": aliases, "labels": labels, "floor_id": floor_id})
        now = self._clock.time()
        return self._add(
            AreaEntry(
                area_id=self._free_id(name),
                name=name,
                icon=icon,
                picture=picture,
                temperature_entity_id=temperature_entity_id,
                humidity_entity_id=humidity_entity_id,
                created_at=now,
                modified_at=now,
                **values,
            )
        )

    def update(self, area_id: str, **changes: Any) -> AreaEntry:
        """Change what `create` takes (None clears); raises `NotFound` and `InvalidInfo`."""
        self._require(area_id)
        return self._update(area_id, self._checked(changes))

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        if "aliases" in values:
            values["aliases"] = tidy(values["aliases"] or ())
        if "labels" in values:
            labels = values["labels"] or ()
            values["labels"] = (
                tidy(labels) if self._labels is None else self._labels.existing(labels)
            )
        floor_id = values.get("floor_id")
        if floor_id is not None and self._floors is not None and self._floors.get(floor_id) is None:
            raise InvalidInfo(f"The floor {floor_id} does not exist")
        return values

    def _floor_updated(self, event: "Event") -> None:
        if event.data["action"] == "remove":
            gone = event.data["floor_id"]
            for area in [area for area in self._entries.values() if area.floor_id == gone]:
                self.update(area.area_id, floor_id=None)

    def _label_updated(self, event: "Event") -> None:
        if event.data["action"] == "remove":
            gone = event.data["label_id"]
            for area in [area for area in self._entries.values() if gone in area.labels]:
                self.update(area.area_id, labels=[x for x in area.labels if x != gone])

    def _entity_updated(self, event: "Event") -> None:
        """Follow a renamed or removed sensor."""
        data = event.data
        removed = data["action"] == "remove"
        old_id = data["entity_id"] if removed else data.get("old_entity_id")
        if old_id is None:
            return
        new_id = None if removed else data["entity_id"]
        for area in list(self._entries.values()):
            moved = {name: new_id for name in _SENSORS if getattr(area, name) == old_id}
            if moved:
                self.update(area.area_id, **moved)
