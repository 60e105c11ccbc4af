"""Areas, floors, labels, devices and entities as the registries know them.

Results depend on the registries: a template that asks here is rendered again when one changes.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from hub.templates.current import CURRENT
from hub.templates.functions.states import id_of

if TYPE_CHECKING:
    from hub.registry import AreaEntry, DeviceEntry, EntityEntry, FloorEntry, LabelEntry
    from hub.templates.model import House


def _house() -> "House":
    run = CURRENT.get()
    run.registry = True
    return run.house


def _entity(value: Any) -> "EntityEntry | None":
    """Return the entry of an entity that the reader may see."""
    entity_id = id_of(value).lower()
    entry = _house().entity_registry.get(entity_id)
    return entry if entry is not None and CURRENT.get().sees(entry.entity_id) else None


def _device(device_id: Any) -> "DeviceEntry | None":
    """Return a device of whose entities the reader may see one."""
    device = _house().devices.get(str(device_id))
    return device if device is not None and _sees_device(device.id) else None


def _sees_device(device_id: str) -> bool:
    run = CURRENT.get()
    if run.reader is None:
        return True
    entries = run.house.entity_registry.by_device(device_id)
    return not entries or any(run.sees(entry.entity_id) for entry in entries)


def _visible(entries: "Iterable[EntityEntry]") -> list[str]:
    run = CURRENT.get()
    return list(dict.fromkeys(entry.entity_id for entry in entries if run.sees(entry.entity_id)))


def _area(value: Any) -> "AreaEntry | None":
    """Find an area by its id, name or alias."""
    registry, text = _house().areas, str(value)
    return registry.get(text) or registry.by_name(text) or _by_alias(registry.all(), text)


def _floor(value: Any) -> "FloorEntry | None":
    """Find a floor by its id, name or alias."""
    registry, text = _house().floors, str(value)
    return registry.get(text) or registry.by_name(text) or _by_alias(registry.all(), text)


def _label(value: Any) -> "LabelEntry | None":
    registry, text = _house().labels, str(value)
    return registry.get(text) or registry.by_name(text)


def _by_alias(entries: Iterable[Any], text: str) -> Any:
    wanted = text.strip().casefold()
    return next(
        (x for x in entries if any(alias.strip().casefold() == wanted for alias in x.aliases)), None
    )


# --- areas


def areas() -> list[str]:
    """Return the ids of all areas."""
    return [area.area_id for area in _house().areas.all()]


def area_id(value: Any) -> str | None:
    """Return the area of a name, an entity or a device."""
    if (area := _area(value)) is not None:
        return area.area_id
    if (entry := _entity(value)) is not None:
        if entry.area_id is not None or entry.device_id is None:
            return entry.area_id
        value = entry.device_id
    device = _device(value)
    return None if device is None else device.area_id


def area_name(value: Any) -> str | None:
    """Return the name of the area of an area id, an entity or a device."""
    if (area := _house().areas.get(str(value))) is not None:
        return area.name
    found = area_id(value)
    area = None if found is None else _house().areas.get(found)
    return None if area is None else area.name


def area_entities(value: Any) -> list[str]:
    """Return the entities of an area, those of its devices too."""
    area = _area(value)
    if area is None:
        return []
    registry = _house().entity_registry
    found = registry.by_area(area.area_id)
    for device in _house().devices.by_area(area.area_id):
        found += [x for x in registry.by_device(device.id) if x.area_id is None]
    return _visible(found)


def area_devices(value: Any) -> list[str]:
    """Return the devices of an area."""
    area = _area(value)
    if area is None:
        return []
    return [x.id for x in _house().devices.by_area(area.area_id) if _sees_device(x.id)]


# --- floors


def floors() -> list[str]:
    """Return the ids of all floors."""
    return [floor.floor_id for floor in _house().floors.all()]


def floor_id(value: Any) -> str | None:
    """Return the floor of a name, an area, an entity or a device."""
    if (floor := _floor(value)) is not None:
        return floor.floor_id
    found = area_id(value)
    area = None if found is None else _house().areas.get(found)
    return None if area is None else area.floor_id


def floor_name(value: Any) -> str | None:
    """Return the name of a floor."""
    found = floor_id(value)
    floor = None if found is None else _house().floors.get(found)
    return None if floor is None else floor.name


def floor_areas(value: Any) -> list[str]:
    """Return the areas of a floor."""
    floor = _floor(value)
    if floor is None:
        return []
    return [area.area_id for area in _house().areas.all() if area.floor_id == floor.floor_id]


def floor_entities(value: Any) -> list[str]:
    """Return the entities of a floor's areas."""
    return [entity_id for area in floor_areas(value) for entity_id in area_entities(area)]


# --- labels


def labels(value: Any = None) -> list[str]:
    """Return all labels, or those of an entity, a device or an area."""
    if value is None:
        return [label.label_id for label in _house().labels.all()]
    if (entry := _entity(value)) is not None:
        return list(entry.labels)
    if (device := _device(value)) is not None:
        return list(device.labels)
    area = _house().areas.get(str(value)) or _area(value)
    return [] if area is None else list(area.labels)


def label_id(value: Any) -> str | None:
    """Return the id of a label's name."""
    label = _label(value)
    return None if label is None else label.label_id


def label_name(value: Any) -> str | None:
    """Return the name of a label."""
    label = _label(value)
    return None if label is None else label.name


def label_description(value: Any) -> str | None:
    """Return what a label is for."""
    label = _label(value)
    return None if label is None else label.description


def label_entities(value: Any) -> list[str]:
    """Return the entities with a label."""
    label = _label(value)
    return [] if label is None else _visible(_house().entity_registry.by_label(label.label_id))


def label_devices(value: Any) -> list[str]:
    """Return the devices with a label."""
    label = _label(value)
    if label is None:
        return []
    return [x.id for x in _house().devices.by_label(label.label_id) if _sees_device(x.id)]


def label_areas(value: Any) -> list[str]:
    """Return the areas with a label."""
    label = _label(value)
    if label is None:
        return []
    return [area.area_id for area in _house().areas.all() if label.label_id in area.labels]


# --- devices and entities


def device_id(value: Any) -> str | None:
    """Return the device of an entity or of a device's name."""
    if (entry := _entity(value)) is not None:
        return entry.device_id
    text = str(value)
    for device in _house().devices.all():
        if text in (device.name_by_user, device.name) and _sees_device(device.id):
            return device.id
    return None


def _device_of(value: Any) -> "DeviceEntry | None":
    if (device := _device(value)) is not None:
        return device
    entry = _entity(value)
    return None if entry is None or entry.device_id is None else _device(entry.device_id)


def device_name(value: Any) -> str | None:
    """Return the name of a device, or of an entity's device."""
    device = _device_of(value)
    return None if device is None else device.name_by_user or device.name


def device_attr(value: Any, name: str) -> Any:
    """Return a field of a device, or of an entity's device."""
    device = _device_of(value)
    if device is None:
        return None
    fields = device.as_dict()
    if name not in fields:
        raise ValueError(f"a device has no {name!r}; it has {', '.join(sorted(fields))}")
    if name in ("identifiers", "connections"):
        return {tuple(pair) for pair in fields[name]}
    return fields[name]


def is_device_attr(value: Any, name: str, wanted: Any) -> bool:
    """Tell whether a field of a device has a value."""
    return bool(device_attr(value, name) == wanted)


def device_entities(value: Any) -> list[str]:
    """Return the entities of a device."""
    return _visible(_house().entity_registry.by_device(str(value)))


def entity_name(value: Any) -> str | None:
    """Return the name of an entity in the registry, or its friendly name."""
    entry = _entity(value)
    if entry is not None and (name := entry.name or entry.original_name) is not None:
        return name
    state = CURRENT.get().state(id_of(value))
    return None if state is None else state.name


def integration_entities(value: Any) -> list[str]:
    """Return the entities of an integration."""
    text = str(value)
    return _visible(x for x in _house().entity_registry.all() if x.platform == text)


def is_hidden_entity(value: Any) -> bool:
    """Tell whether an entity is hidden from everyday views."""
    entry = _entity(value)
    return entry is not None and entry.hidden_by is not None


_BOTH: Final[dict[str, Any]] = {
    call.__name__: call
    for call in (
        *(area_id, area_name, area_entities, area_devices),
        *(floor_id, floor_name, floor_areas, floor_entities),
        *(labels, label_id, label_name, label_description),
        *(label_entities, label_devices, label_areas),
        *(device_id, device_name, device_attr, device_entities, is_device_attr),
        *(entity_name, integration_entities, is_hidden_entity),
    )
}
GLOBALS: Final[dict[str, Any]] = {**_BOTH, "areas": areas, "floors": floors}
FILTERS: Final[dict[str, Callable[..., Any]]] = _BOTH
TESTS: Final[dict[str, Callable[..., Any]]] = {
    "is_device_attr": is_device_attr,
    "is_hidden_entity": is_hidden_entity,
}
