"""Finds every name in a spec as it was written: in targets, triggers, conditions, templates.

A walk over plain data: it needs no schema, so it also reads what a later version wrote, and each
path is that of the file.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from hub.automation.fields import is_template
from hub.automation.references import texts

SERVICE: Final = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
ENTITY: Final = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
_ID: Final = re.compile(r"[0-9a-f]{32}")
NOBODY: Final = frozenset({"all", "none", ""})

Path = tuple[Any, ...]


class Kind(StrEnum):
    """What a name stands for."""

    ENTITY = "entity"
    DEVICE = "device"
    AREA = "area"
    FLOOR = "floor"
    LABEL = "label"
    SERVICE = "service"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True)
class Named:
    """One name at one place."""

    path: Path
    kind: Kind
    value: str
    sure: bool = True
    """False: it only looks like one, such as a blueprint's input."""

    @property
    def dotted(self) -> str:
        """Return the path as the wire tells it."""
        return ".".join(str(part) for part in self.path)


_IDS: Final = {
    "entity_id": Kind.ENTITY,
    "device_id": Kind.DEVICE,
    "area_id": Kind.AREA,
    "floor_id": Kind.FLOOR,
    "label_id": Kind.LABEL,
}
_TIMES: Final = ("at", "above", "below", "after", "before")
"""Fields that take a value or the entity that holds it."""

_WORDS: Final = frozenset(
    {"alias", "description", "id", "mode", "icon", "name", "unique_id", "topic", "webhook_id"}
)
"""Fields that are words for people or other systems."""


def named(type: str, spec: Mapping[str, Any]) -> list[Named]:
    """Return every name in the spec of a resource type, in the order of the text."""
    if type == "hub.recorder_policy":
        return list(_recorder_policy(spec))
    found = (
        _members(spec.get("entities"), ("entities",))
        if type == "hub.scene"
        else _walk(spec, (), where="")
    )
    return list(dict.fromkeys(found))


def _members(value: Any, path: Path) -> Iterator[Named]:
    """Read the entities of a scene: keys of a mapping, or items of a list."""
    if isinstance(value, Mapping):
        for entity_id in value:
            if isinstance(entity_id, str) and ENTITY.fullmatch(entity_id):
                yield Named((*path, entity_id), Kind.ENTITY, entity_id)
    else:
        yield from _ids(value, path, Kind.ENTITY)


def _recorder_policy(spec: Mapping[str, Any]) -> Iterator[Named]:
    match = spec.get("match")
    if not isinstance(match, Mapping):
        return
    for key, kind in (
        ("entity_globs", Kind.ENTITY),
        ("areas", Kind.AREA),
        ("labels", Kind.LABEL),
    ):
        for path, value in _each(match.get(key), ("match", key)):
            if isinstance(value, str) and not set(value) & set("*?["):
                yield Named(path, kind, value)


def _each(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield a value, or each item of a list, with its path."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield (*path, index), item
    elif value is not None:
        yield path, value


def _walk(value: Any, path: Path, where: str) -> Iterator[Named]:
    """Go through everything; `where` is `data` in a call's fields, `input` in a blueprint's."""
    if isinstance(value, Mapping):
        yield from _mapping(value, path, where)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index), where)
    elif is_template(value):
        yield from template(str(value), path)
    elif where == "input" and isinstance(value, str) and ENTITY.fullmatch(value):
        yield Named(path, Kind.ENTITY, value, sure=False)


def _mapping(value: Mapping[Any, Any], path: Path, where: str) -> Iterator[Named]:
    yield from _resource(value, path)
    for key, item in value.items():
        at = (*path, key)
        if is_template(key):
            yield from template(str(key), at)
        if where == "":
            yield from _field(key, item, at)
        elif key in _IDS:
            yield from _ids(item, at, _IDS[key])
        elif where == "data" and key in ("entities", "snapshot_entities"):
            yield from _members(item, at)
        else:
            yield from _walk(item, at, where)


def _field(key: Any, item: Any, at: Path) -> Iterator[Named]:
    """Read one field of an automation, script or template."""
    if key in _IDS:
        yield from _ids(item, at, _IDS[key])
    elif key in ("action", "service") and isinstance(item, str):
        yield from _service(item, at)
    elif key == "scene" and isinstance(item, str):
        yield from _ids(item, at, Kind.ENTITY)
    elif key in _TIMES:
        yield from _entity_or_value(item, at)
    elif key in ("data", "data_template", "event_data", "metadata"):
        yield from _walk(item, at, "data")
    elif key == "use_blueprint" and isinstance(item, Mapping):
        yield from _walk(item.get("input"), (*at, "input"), "input")
    elif key not in _WORDS or is_template(item):
        yield from _walk(item, at, "")


def _ids(value: Any, path: Path, kind: Kind) -> Iterator[Named]:
    """Read one id, several divided by commas, a list of them, or a template."""
    for at, item in _each(value, path):
        if is_template(item):
            yield from template(str(item), at)
            continue
        if isinstance(item, Mapping):
            yield from _walk(item, at, "data")
            continue
        if not isinstance(item, str):
            continue
        for part in item.split(",") if kind is Kind.ENTITY else [item]:
            name = part.strip()
            if name.lower() in NOBODY:
                continue
            if kind is Kind.ENTITY:
                name = name.lower()
                if not ENTITY.fullmatch(name) and not _ID.fullmatch(name):
                    continue
            yield Named(at, kind, name)


def _service(value: str, path: Path) -> Iterator[Named]:
    if is_template(value):
        yield from template(value, path)
    elif SERVICE.fullmatch(value):
        yield Named(path, Kind.SERVICE, value)


def _entity_or_value(value: Any, path: Path) -> Iterator[Named]:
    for at, item in _each(value, path):
        if isinstance(item, Mapping):
            yield from _walk(item, at, "")
        elif is_template(item):
            yield from template(str(item), at)
        elif isinstance(item, str) and ENTITY.fullmatch(item) and not item[0].isdigit():
            yield Named(at, Kind.ENTITY, item)


def _resource(value: Mapping[Any, Any], path: Path) -> Iterator[Named]:
    """Read the resources that a trigger or condition of this kind is about."""
    if "resource" not in (value.get("trigger"), value.get("platform"), value.get("condition")):
        return
    types = [item for _, item in _each(value.get("type"), ()) if isinstance(item, str)]
    if len(types) == 1:
        for at, key in _each(value.get("key"), (*path, "key")):
            if isinstance(key, str) and not is_template(key):
                yield Named(at, Kind.RESOURCE, f"{types[0]}/{key}")


def template(text: str, path: Path) -> Iterator[Named]:
    """Read the constant names of a template; one that can not be read names nothing."""
    for kind, value, sure in texts.names(text):
        yield Named(path, Kind(kind), value, sure)
