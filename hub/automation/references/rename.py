"""A spec in which an entity has another id."""

from collections.abc import Mapping
from typing import Any

from hub.automation.fields import is_template
from hub.automation.references import texts
from hub.automation.references.named import Kind, Path, named


def renamed(type: str, spec: Mapping[str, Any], old: str, new: str) -> dict[str, Any] | None:
    """Return the spec with `new` at every place where it names `old`; None = it does not."""
    places = {
        item.path for item in named(type, spec) if item.kind is Kind.ENTITY and item.value == old
    }
    if not places:
        return None
    found: dict[str, Any] = _changed(dict(spec), (), places, old, new)
    return found


def _changed(value: Any, path: Path, places: set[Path], old: str, new: str) -> Any:
    """Return a copy; keys of mappings (the entities of a scene) are changed too."""
    if isinstance(value, Mapping):
        result = {}
        for key, item in value.items():
            at = (*path, key)
            inside = _changed(item, at, places, old, new)
            name = new if at in places and key == old else key
            if at in places and is_template(key):
                name = texts.renamed(key, old, new)
            result[name] = inside
        return result
    if isinstance(value, list):
        return [
            _changed(item, (*path, index), places, old, new) for index, item in enumerate(value)
        ]
    if path not in places or not isinstance(value, str):
        return value
    if is_template(value):
        return texts.renamed(value, old, new)
    parts = value.split(",")
    return ",".join(part.replace(part.strip(), new) if _is(part, old) else part for part in parts)


def _is(part: str, old: str) -> bool:
    return part.strip().lower() == old
