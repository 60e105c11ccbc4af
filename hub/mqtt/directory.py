"""What the registries say about entities and devices, in the words of discovery."""

from typing import TYPE_CHECKING, Any

from hub.config.settings import MqttSettings
from hub.const import UNAVAILABLE
from hub.mqtt.discovery import DeviceFacts, EntityFacts
from hub.mqtt.topics import HUB_DEVICE, stable_key

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.registry import DeviceEntry, EntityEntry


class Directory:
    """Looks things up in the hub's registries; device keys are stable, legal topic levels."""

    def __init__(self, hub: "Hub", settings: MqttSettings) -> None:
        """Read the registries of `hub`."""
        self._hub = hub
        self._settings = settings
        self._ids: dict[str, str] = {}

    def known(self, entity_id: str) -> bool:
        """Tell whether an entity is registered and not disabled."""
        entry = self._hub.entity_registry.get(entity_id)
        return entry is not None and entry.disabled_by is None

    def live(self, entity_id: str) -> bool:
        """Tell whether an entity belongs to the hub: it has a state, or may have one again."""
        return self._hub.states.get(entity_id) is not None or self.known(entity_id)

    def registered(self) -> list[str]:
        """Return the ids of all registered entities that are not disabled."""
        return [
            entry.entity_id
            for entry in self._hub.entity_registry.all()
            if entry.disabled_by is None
        ]

    def device_of(self, entity_id: str) -> str | None:
        """Return the device key of a registered entity; the hub itself for one without device."""
        entry = self._hub.entity_registry.get(entity_id)
        if entry is None:
            return None
        return self._key(entry.device_id)

    def key_of(self, device_id: str) -> str | None:
        """Return the key of a device; None when it is gone."""
        device = self._hub.devices.get(device_id)
        return None if device is None else device_key(device)

    def grouped(self) -> dict[str, list["EntityEntry"]]:
        """Return all registered entities that are not disabled by device key."""
        found: dict[str, list[EntityEntry]] = {}
        keys: dict[str | None, str] = {None: HUB_DEVICE}
        for entry in self._hub.entity_registry.all():
            if entry.disabled_by is not None:
                continue
            device_id = entry.device_id
            if device_id not in keys:
                keys[device_id] = self._key(device_id)
            found.setdefault(keys[device_id], []).append(entry)
        return found

    def device_facts(self, key: str, entries: list["EntityEntry"]) -> DeviceFacts:
        """Return the facts of the device that these entities belong to."""
        device = None
        if key != HUB_DEVICE and entries and entries[0].device_id is not None:
            device = self._hub.devices.get(entries[0].device_id)
        if device is None:
            return DeviceFacts(HUB_DEVICE, self._settings.hub_name, "Hub")
        area = None if device.area_id is None else self._hub.areas.get(device.area_id)
        parent = None
        if device.via_device_id is not None:
            parent = self._hub.devices.get(device.via_device_id)
        return DeviceFacts(
            key,
            device.name_by_user or device.name or key,
            device.manufacturer,
            device.model,
            device.sw_version,
            device.hw_version,
            device.serial_number,
            None if area is None else area.name,
            device.configuration_url,
            None if parent is None else device_key(parent),
        )

    def entity_facts(self, entry: "EntityEntry", device: DeviceFacts) -> EntityFacts:
        """Return the facts of an entity: its present capabilities, else the registered ones."""
        state = self._hub.states.get(entry.entity_id)
        attributes: dict[str, Any] = dict(entry.capabilities or {})
        if state is not None:
            attributes |= state.attributes
        return EntityFacts(
            entry.entity_id,
            entry.platform,
            entry.unique_id,
            _name(entry, device),
            entry.device_class or entry.original_device_class,
            entry.unit_of_measurement or attributes.get("unit_of_measurement"),
            None if entry.entity_category is None else str(entry.entity_category),
            entry.icon or entry.original_icon,
            entry.hidden_by is None,
            int(entry.supported_features or attributes.get("supported_features") or 0),
            attributes,
        )

    def reached(self, entries: list["EntityEntry"]) -> bool:
        """Tell whether at least one of these entities is available."""
        return any(self._available(entry.entity_id) for entry in entries)

    def members(self, key: str) -> list["EntityEntry"]:
        """Return the registered entities of a device that are not disabled."""
        if (device_id := self._ids.get(key)) is not None:
            device = self._hub.devices.get(device_id)
            if device is not None and device_key(device) == key:
                found = self._hub.entity_registry.by_device(device_id)
                return [entry for entry in found if entry.disabled_by is None]
        return self.grouped().get(key, [])

    def _key(self, device_id: str | None) -> str:
        device = None if device_id is None else self._hub.devices.get(device_id)
        if device is None:
            return HUB_DEVICE
        key = device_key(device)
        self._ids[key] = device.id
        return key

    def _available(self, entity_id: str) -> bool:
        state = self._hub.states.get(entity_id)
        return state is not None and state.state != UNAVAILABLE


def device_key(device: "DeviceEntry") -> str:
    """Return a device's key: from its first identifier, never from its name."""
    identifiers = sorted(device.identifiers)
    if not identifiers:
        return stable_key(device.id)
    domain, identifier = identifiers[0]
    return stable_key(domain, identifier)


def _name(entry: "EntityEntry", device: DeviceFacts) -> str | None:
    """Return the name behind the device's name; None for the device's main entity."""
    if entry.name is not None:
        shorter = entry.name.removeprefix(device.name).strip()
        return shorter or None
    if entry.original_name is None and device.key == HUB_DEVICE:
        return entry.unique_id
    return entry.original_name
