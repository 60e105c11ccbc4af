"""One call of a service: what, on what, by whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.errors import InvalidFormat
from hub.events import Context

TARGET_KEYS: Final = ("entity_id", "device_id", "area_id", "floor_id", "label_id")
_TARGET_SET: Final = frozenset(TARGET_KEYS)


@dataclass(frozen=True, slots=True)
class Target:
    """What a call is meant for; ids that do not exist are no error."""

    entity_ids: tuple[str, ...] = ()
    device_ids: tuple[str, ...] = ()
    area_ids: tuple[str, ...] = ()
    floor_ids: tuple[str, ...] = ()
    label_ids: tuple[str, ...] = ()
    all: bool = False

    def __bool__(self) -> bool:
        """Tell whether the caller named anything."""
        return self.all or any(
            (self.entity_ids, self.device_ids, self.area_ids, self.floor_ids, self.label_ids)
        )

    def as_dict(self) -> dict[str, list[str]]:
        """Return the keys that were given, each as a list."""
        values = ("all",) if self.all else self.entity_ids
        lists = (values, self.device_ids, self.area_ids, self.floor_ids, self.label_ids)
        return {key: list(ids) for key, ids in zip(TARGET_KEYS, lists, strict=True) if ids}


EMPTY_TARGET: Final = Target()


@dataclass(slots=True)  # not frozen: that triples the time it takes to make one
class ServiceCall:
    """A validated call as a handler sees it; `data` holds no target keys."""

    domain: str
    service: str
    data: dict[str, Any]
    target: Target
    context: Context
    return_response: bool = False


def split_target(
    data: Mapping[str, Any] | None, target: Mapping[str, Any] | None
) -> tuple[dict[str, Any], Target]:
    """Take the target keys out of `data`, merge `target`; raises `InvalidFormat`."""
    if data and not _TARGET_SET.isdisjoint(data):
        given = {key: data[key] for key in TARGET_KEYS if key in data}
        data = {key: value for key, value in data.items() if key not in _TARGET_SET}
        target = {**given, **target} if target else given
    else:
        data = dict(data) if data else {}
    if not target:
        return data, EMPTY_TARGET
    if len(target) == 1 and isinstance(entity_id := target.get("entity_id"), str):
        return data, _entity_target(entity_id)
    return data, _parse(target)


_RECENT: dict[str, Target] = {}


def _entity_target(entity_id: str) -> Target:
    """Parse a lone `entity_id` text, remembering the common ones."""
    found = _RECENT.get(entity_id)
    if found is None:
        if len(_RECENT) > 1024:
            _RECENT.clear()
        found = _RECENT[entity_id] = _parse({"entity_id": entity_id})
    return found


def _parse(target: Mapping[str, Any]) -> Target:
    unknown = sorted(set(target) - _TARGET_SET)
    if unknown:
        raise InvalidFormat(
            f"extra keys not allowed @ target[{unknown[0]!r}]: a target takes "
            + ", ".join(TARGET_KEYS)
        )
    entity_ids, devices, areas, floors, labels = (_ids(key, target.get(key)) for key in TARGET_KEYS)
    if entity_ids == ("all",):
        return Target((), devices, areas, floors, labels, all=True)
    for entity_id in entity_ids:
        domain, dot, object_id = entity_id.partition(".")
        if not (domain and dot and object_id) or "." in object_id:
            raise InvalidFormat(
                f"Entity ID {entity_id[:80]!r} is an invalid entity ID for 'entity_id': "
                "expected domain.object_id"
            )
    return Target(entity_ids, devices, areas, floors, labels)


def _ids(key: str, value: object) -> tuple[str, ...]:
    """Read a text, a comma-separated text or a list of texts; `"none"` is an empty list."""
    if value is None or value == "none":
        return ()
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise InvalidFormat(f"{key} must be a text or a list of texts")
    small = key == "entity_id"
    found = (item.strip().lower() if small else item.strip() for item in value)
    return tuple(item for item in found if item)
