"""Devices: the things that entities belong to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import uuid4

from hub.const import (
    EVENT_AREA_REGISTRY_UPDATED,
    EVENT_DEVICE_REGISTRY_UPDATED,
    EVENT_LABEL_REGISTRY_UPDATED,
)
from hub.errors import InvalidInfo
from hub.registry.base import Registry, tidy
from hub.registry.entry import Entry
from hub.registry.index import Index

if TYPE_CHECKING:
    from hub.events import Event, EventBus
    from hub.registry.areas import AreaRegistry
    from hub.registry.labels import LabelRegistry
    from hub.storage import Database
    from hub.util.clock import Clock

Identifier = tuple[str, str]

DISABLED_BY: Final = frozenset({"user", "integration", "config_entry"})
CHANGEABLE: Final = frozenset({"area_id", "name_by_user", "labels", "disabled_by"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEntry(Entry):
    """One device; `identifiers` are (domain, id) pairs, `connections` (type, value) pairs."""

    PAIRS: ClassVar[frozenset[str]] = frozenset({"identifiers", "connections"})

    id: str
    platform: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    connections: tuple[Identifier, ...] = ()
    area_id: str | None = None
    configuration_url: str | None = None
    disabled_by: str | None = None
    entry_type: str | None = None
    hw_version: str | None = None
    labels: tuple[str, ...] = ()
    manufacturer: str | None = None
    model: str | None = None
    model_id: str | None = None
    name: str | None = None
    name_by_user: str | None = None
    serial_number: str | None = None
    sw_version: str | None = None
    via_device_id: str | None = None

    @property
    def key(self) -> str:
        """Return the device's id, 32 hexadecimal digits."""
        return self.id

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "area_id": self.area_id,
            "configuration_url": self.configuration_url,
            "config_entries": [],
            "config_entries_subentries": {},
            "config_entry_id": None,
            "config_subentry_id": None,
            "connections": [list(pair) for pair in self.connections],
            "created_at": self.created_at,
            "disabled_by": self.disabled_by,
            "entry_type": self.entry_type,
            "hw_version": self.hw_version,
            "id": self.id,
            "identifiers": [list(pair) for pair in self.identifiers],
            "labels": list(self.labels),
            "manufacturer": self.manufacturer,
            "model": self.model,
            "model_id": self.model_id,
            "modified_at": self.modified_at,
            "name": self.name,
            "name_by_user": self.name_by_user,
            "next_name_part": None,
            "parent_device_id": None,
            "primary_config_entry": None,
            "serial_number": self.serial_number,
            "sw_version": self.sw_version,
            "via_device_id": self.via_device_id,
        }


class DeviceRegistry(Registry[DeviceEntry]):
    """All devices, found by identifier, area, label and the device they hang on."""

    TABLE, KEY, NOUN = "devices", "id", "Device"
    EVENT = EVENT_DEVICE_REGISTRY_UPDATED
    entry = DeviceEntry

    def __init__(
        self,
        bus: "EventBus",
        database: "Database",
        clock: "Clock",
        *,
        areas: "AreaRegistry | None" = None,
        labels: "LabelRegistry | None" = None,
    ) -> None:
        """Start empty; without `areas` no area is suggested, without `labels` none is checked."""
        super().__init__(bus, database, clock)
        self._areas = areas
        self._labels = labels
        self._by_identifier: dict[Identifier, str] = {}
        self._by_area, self._by_label, self._by_via = Index(), Index(), Index()
        bus.listen(EVENT_AREA_REGISTRY_UPDATED, self._area_updated)
        bus.listen(EVENT_LABEL_REGISTRY_UPDATED, self._label_updated)

    def by_identifier(self, identifier: Identifier) -> DeviceEntry | None:
        """Return the device with this (domain, id)."""
        key = self._by_identifier.get(identifier)
        return None if key is None else self._entries[key]

    def by_area(self, area_id: str) -> list[DeviceEntry]:
        """Return the devices in an area."""
        return [self._entries[key] for key in self._by_area.get(area_id)]

    def by_label(self, label_id: str) -> list[DeviceEntry]:
        """Return the devices with a label."""
        return [self._entries[key] for key in self._by_label.get(label_id)]

    def get_or_create(
        self,
        *,
        identifiers: Iterable[Identifier],
        connections: Iterable[Identifier] = (),
        suggested_area: str | None = None,
        via_device: Identifier | None = None,
        **originals: Any,
    ) -> DeviceEntry:
        """Return the device with one of `identifiers`, made or brought up to date.

        `originals` are platform, name, manufacturer, model, model_id, sw_version, hw_version,
        serial_number, configuration_url and entry_type; None leaves what is known. The area is
        suggested only to a new device. Raises `ValueError` without identifiers.
        """
        wanted = tuple(sorted({(str(domain), str(id_)) for domain, id_ in identifiers}))
        if not wanted:
            raise ValueError("a device needs at least one identifier")
        values = {name: value for name, value in originals.items() if value is not None}
        if via_device is not None and (parent := self.by_identifier(via_device)) is not None:
            values["via_device_id"] = parent.id
        old = next((found for pair in wanted if (found := self.by_identifier(pair))), None)
        pairs = {(str(kind), str(value)) for kind, value in connections}
        if old is not None:
            values["identifiers"] = tuple(sorted({*old.identifiers, *wanted}))
            values["connections"] = tuple(sorted({*old.connections, *pairs}))
            return self._update(old, values)
        now = self._clock.time()
        return self._add(
            DeviceEntry(
                id=uuid4().hex,
                identifiers=wanted,
                connections=tuple(sorted(pairs)),
                area_id=self._suggested(suggested_area),
                created_at=now,
                modified_at=now,
                **values,
            )
        )

    def update(self, device_id: str, **changes: Any) -> DeviceEntry:
        """Change area_id, name_by_user, labels or disabled_by as a user does.

        Raises `NotFound`, and `InvalidInfo` for an unknown area or reason.
        """
        old = self._require(device_id)
        if unknown := changes.keys() - CHANGEABLE:
            raise TypeError(f"devices have no changeable {', '.join(sorted(unknown))}")
        if "labels" in changes:
            labels = changes["labels"] or ()
            changes["labels"] = (
                tidy(labels) if self._labels is None else self._labels.existing(labels)
            )
        area_id = changes.get("area_id")
        if area_id is not None and self._areas is not None and self._areas.get(area_id) is None:
            raise InvalidInfo(f"The area {area_id} does not exist")
        if (reason := changes.get("disabled_by")) is not None and reason not in DISABLED_BY:
            raise InvalidInfo(f"A device can not be disabled by {reason}")
        return self._update(old, changes)

    def remove(self, device_id: str) -> None:
        """Remove a device, with its platform's entities; raises `NotFound`."""
        device = self._require(device_id)
        self._drop(device, device=device.as_dict())
        for key in list(self._by_via.get(device_id)):
            self._update(self._entries[key], {"via_device_id": None})

    def _fire(self, action: str, entry: DeviceEntry, **data: Any) -> None:
        self._bus.fire(self.EVENT, {"action": action, "device_id": entry.id, **data})

    def _update(self, old: DeviceEntry, values: dict[str, Any]) -> DeviceEntry:
        new, changes = self._change(old, values)
        if changes:
            self._fire("update", new, changes=changes)
        return new

    def _suggested(self, name: str | None) -> str | None:
        """Return the id of the area with this name, made when there is none."""
        if name is None or self._areas is None or not name.strip():
            return None
        return (self._areas.by_name(name) or self._areas.create(name)).area_id

    def _remember(self, entry: DeviceEntry) -> None:
        super()._remember(entry)
        self._index(entry)

    def _forget(self, entry: DeviceEntry) -> None:
        super()._forget(entry)
        self._unindex(entry)

    def _swap(self, old: DeviceEntry, new: DeviceEntry) -> None:
        self._unindex(old)
        super()._swap(old, new)
        self._index(new)

    def _index(self, entry: DeviceEntry) -> None:
        self._by_identifier.update(dict.fromkeys(entry.identifiers, entry.id))
        self._by_area.add((entry.area_id,), entry.id)
        self._by_label.add(entry.labels, entry.id)
        self._by_via.add((entry.via_device_id,), entry.id)

    def _unindex(self, entry: DeviceEntry) -> None:
        for pair in entry.identifiers:
            self._by_identifier.pop(pair, None)
        self._by_area.remove((entry.area_id,), entry.id)
        self._by_label.remove(entry.labels, entry.id)
        self._by_via.remove((entry.via_device_id,), entry.id)

    def _area_updated(self, event: "Event") -> None:
        if event.data["action"] == "remove":
            for device in self.by_area(event.data["area_id"]):
                self._update(device, {"area_id": None})

    def _label_updated(self, event: "Event") -> None:
        if event.data["action"] == "remove":
            gone = event.data["label_id"]
            for device in self.by_label(gone):
                self._update(device, {"labels": tuple(x for x in device.labels if x != gone)})
