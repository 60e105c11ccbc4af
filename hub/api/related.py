"""What has to do with a thing: its places, its parts, and who names it."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hub.automation.references import Kind, Named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hub.auth import User
    from hub.automation.references.references import Reference
    from hub.hub import Hub
    from hub.registry.base import Registry

OWNERS: Final = ("automation", "script", "scene")
ITEM_TYPES: Final = (
    "area",
    "automation",
    "automation_blueprint",
    "config_entry",
    "device",
    "entity",
    "floor",
    "group",
    "integration",
    "label",
    "person",
    "scene",
    "script",
    "script_blueprint",
)
"""What clients ask about; of config entries, groups and persons the hub knows nothing."""

_NAMED: Final = {
    Kind.ENTITY: "entity",
    Kind.DEVICE: "device",
    Kind.AREA: "area",
    Kind.FLOOR: "floor",
    Kind.LABEL: "label",
}

Related = dict[str, list[str]]


async def related(
    hub: "Hub", user: "User", item_type: str, item_id: str, *, disabled: bool = False
) -> Related:
    """Return the ids of what has to do with an item, by type; what may not be read is left out.

    An item that does not exist has nothing to do with anything; disabled entities count only
    when `disabled` is set.
    """
    await hub.references.read()
    search = _Search(hub, user, disabled)
    search.read(hub.references.every(user))
    look = getattr(search, f"of_{item_type}", None)
    if look is None or not search.exists(item_type, item_id):
        return {}
    look(item_id)
    search.found[item_type].discard(item_id)
    return {kind: sorted(ids) for kind, ids in sorted(search.found.items()) if ids}


@dataclass
class _Search:
    """One search: what the references say, and what was found so far."""

    hub: "Hub"
    user: "User"
    disabled: bool
    found: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _names: defaultdict[str, list[Named]] = field(default_factory=lambda: defaultdict(list))
    _owners: defaultdict[tuple[str, str], set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )
    _blueprints: dict[str, tuple[str, str]] = field(default_factory=dict)

    def read(self, references: "Iterable[Reference]") -> None:
        """Take who names what; owners are known by their entities."""
        for item in references:
            owner = self._entity(item)
            if owner is None:
                continue
            self._names[owner].append(item.named)
            kind = _NAMED.get(item.named.kind)
            if kind is not None:
                self._owners[kind, item.named.value].add(owner)
            elif item.named.kind is Kind.SERVICE and item.named.value.startswith("script."):
                self._owners["entity", item.named.value].add(owner)
        for domain in ("automation", "script"):
            for resource in self.hub.resources.list(f"hub.{domain}"):
                use = resource.spec.get("use_blueprint")
                entity_id = self._by_key(domain, resource.key)
                if isinstance(use, dict) and entity_id is not None:
                    self._blueprints[entity_id] = (domain, str(use.get("path")))

    def exists(self, item_type: str, item_id: str) -> bool:
        """Tell whether the user may know of an item."""
        hub = self.hub
        if item_type in ("entity", *OWNERS):
            right = item_type == "entity" or item_id.startswith(f"{item_type}.")
            return right and self._readable(item_id)
        registries: dict[str, Registry[Any]] = {
            "device": hub.devices,
            "area": hub.areas,
            "floor": hub.floors,
            "label": hub.labels,
        }
        registry = registries.get(item_type)
        return registry is None or registry.get(item_id) is not None

    # --- from each kind of item

    def of_entity(self, entity_id: str) -> None:
        """Collect an entity's places and who names it; of an automation also what it names."""
        self._places_of(entity_id)
        self._owners_of("entity", entity_id)
        if entity_id.partition(".")[0] in OWNERS:
            self._named_by(entity_id)

    def of_device(self, device_id: str) -> None:
        """Collect a device's entities, its places, and who names it or them."""
        self._device(device_id)
        self._owners_of("device", device_id)
        for entry in self.hub.entity_registry.by_device(device_id):
            self._part(entry.entity_id)

    def of_area(self, area_id: str) -> None:
        """Collect what stands in an area, and who names it or that."""
        self._area(area_id)
        self._owners_of("area", area_id)
        for entry in self.hub.entity_registry.by_area(area_id):
            self._part(entry.entity_id)
        for device in self.hub.devices.by_area(area_id):
            self.found["device"].add(device.id)
            self._owners_of("device", device.id)
            for entry in self.hub.entity_registry.by_device(device.id):
                if entry.area_id in (None, area_id):
                    self._part(entry.entity_id)

    def of_floor(self, floor_id: str) -> None:
        """Collect a floor's areas with all that stands there."""
        self._owners_of("floor", floor_id)
        for area in self.hub.areas.all():
            if area.floor_id == floor_id:
                self.found["area"].add(area.area_id)
                self.of_area(area.area_id)

    def of_label(self, label_id: str) -> None:
        """Collect what carries a label, and who names it."""
        self._owners_of("label", label_id)
        for entry in self.hub.entity_registry.by_label(label_id):
            self._part(entry.entity_id)
        for device in self.hub.devices.by_label(label_id):
            self.found["device"].add(device.id)
        self.found["area"] |= {
            area.area_id for area in self.hub.areas.all() if label_id in area.labels
        }

    def of_automation(self, entity_id: str) -> None:
        """Collect what an automation names and who names it."""
        self.of_entity(entity_id)

    of_script = of_automation
    of_scene = of_automation

    def of_automation_blueprint(self, path: str) -> None:
        """Collect the automations that use a blueprint."""
        self._users_of("automation", path)

    def of_script_blueprint(self, path: str) -> None:
        """Collect the scripts that use a blueprint."""
        self._users_of("script", path)

    def of_integration(self, platform: str) -> None:
        """Collect an integration's entities and devices."""
        for entry in self.hub.entity_registry.all():
            if entry.platform == platform and self._readable(entry.entity_id):
                self.found["entity"].add(entry.entity_id)
                if entry.device_id is not None:
                    self.found["device"].add(entry.device_id)

    # --- steps

    def _part(self, entity_id: str) -> None:
        if self._readable(entity_id):
            self.found["entity"].add(entity_id)
            self._owners_of("entity", entity_id)
            entry = self.hub.entity_registry.get(entity_id)
            if entry is not None:
                self.found["integration"].add(entry.platform)

    def _owners_of(self, kind: str, value: str) -> None:
        for owner in self._owners[kind, value]:
            self.found[owner.partition(".")[0]].add(owner)

    def _users_of(self, domain: str, path: str) -> None:
        for entity_id, use in self._blueprints.items():
            if use == (domain, path) and self._readable(entity_id):
                self.found[domain].add(entity_id)

    def _named_by(self, owner: str) -> None:
        for name in self._names[owner]:
            kind = _NAMED.get(name.kind)
            if name.kind is Kind.SERVICE and name.value.startswith("script."):
                kind = "entity"
            if kind is None or not self.exists(kind, name.value):
                continue
            domain = name.value.partition(".")[0]
            if kind == "entity" and domain in OWNERS:
                self.found[domain].add(name.value)
            else:
                self.found[kind].add(name.value)
            if kind == "entity":
                self._places_of(name.value)
            elif kind == "device":
                self._device(name.value)
            elif kind == "area":
                self._area(name.value)
        if (use := self._blueprints.get(owner)) is not None:
            self.found[f"{use[0]}_blueprint"].add(use[1])

    def _places_of(self, entity_id: str) -> None:
        entry = self.hub.entity_registry.get(entity_id)
        if entry is None:
            return
        self.found["integration"].add(entry.platform)
        self.found["label"] |= set(entry.labels)
        if entry.device_id is not None:
            self.found["device"].add(entry.device_id)
            self._device(entry.device_id, place=entry.area_id is None)
        if entry.area_id is not None:
            self.found["area"].add(entry.area_id)
            self._area(entry.area_id)

    def _device(self, device_id: str, *, place: bool = True) -> None:
        device = self.hub.devices.get(device_id)
        if device is not None:
            self.found["label"] |= set(device.labels)
            if place and device.area_id is not None:
                self.found["area"].add(device.area_id)
                self._area(device.area_id)

    def _area(self, area_id: str) -> None:
        area = self.hub.areas.get(area_id)
        if area is not None and area.floor_id is not None:
            self.found["floor"].add(area.floor_id)

    def _entity(self, item: "Reference") -> str | None:
        """Return the entity of who names something, None for one that the user may not read."""
        if item.resource is None or item.owner_type not in OWNERS:
            return None
        return self._by_key(item.owner_type, item.resource.key)

    def _by_key(self, domain: str, key: str) -> str | None:
        entry = self.hub.entity_registry.by_unique_id(domain, domain, key)
        return None if entry is None or not self._readable(entry.entity_id) else entry.entity_id

    def _readable(self, entity_id: str) -> bool:
        entry = self.hub.entity_registry.get(entity_id)
        if entry is None:
            known = self.hub.states.get(entity_id) is not None
        else:
            known = self.disabled or entry.disabled_by is None
        return known and (self.user.rights.reads_all or self.user.may("read", entity_id))
