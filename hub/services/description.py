"""What a service tells about itself: names, fields, selectors and target.

Selector names and their configuration keys are those of Home Assistant's `get_services`; a
misspelt one breaks strict clients and nothing else notices, so it is refused at registration.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

_ENTITY: Final = ("integration", "domain", "device_class", "supported_features")
_SELECTORS: Final[dict[str, frozenset[str]]] = {
    name: frozenset(keys)
    for name, keys in {
        "area": ("entity", "device", "multiple"),
        "attribute": ("entity_id", "hide_attributes"),
        "boolean": (),
        "color_rgb": (),
        "color_temp": ("unit", "min", "max"),
        "config_entry": ("integration",),
        "date": (),
        "datetime": (),
        "device": ("entity", "filter", "multiple"),
        "duration": ("enable_day", "enable_second", "enable_millisecond", "allow_negative"),
        "entity": ("filter", "include_entities", "exclude_entities", "multiple", "domain"),
        "floor": ("entity", "device", "multiple"),
        "icon": ("placeholder",),
        "label": ("multiple",),
        "number": ("min", "max", "step", "unit_of_measurement", "mode"),
        "object": ("fields", "multiple"),
        "select": ("options", "multiple", "custom_value", "mode", "sort"),
        "state": ("entity_id", "hide_states", "attribute", "multiple"),
        "target": ("entity", "device", "primary_entities_only"),
        "template": (),
        "text": ("multiline", "prefix", "suffix", "type", "autocomplete", "multiple"),
        "theme": ("include_default",),
        "time": (),
    }.items()
}


class Response(Enum):
    """Whether a service returns data."""

    NONE = "none"
    OPTIONAL = "optional"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a service: `selector` is `{name: configuration}`."""

    selector: Mapping[str, Mapping[str, Any] | None] | None = None
    required: bool = False
    name: str | None = None
    description: str | None = None
    example: Any = None
    default: Any = None
    filter: Mapping[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form, empty keys left out."""
        entry: dict[str, Any] = {"required": True} if self.required else {}
        for key in ("name", "description", "example", "default", "filter"):
            if (value := getattr(self, key)) is not None:
                entry[key] = value
        if self.selector is not None:
            entry["selector"] = dict(self.selector)
        return entry


@dataclass(frozen=True, slots=True)
class Description:
    """A service in words; `target` None = takes no target, `{}` = one of any kind."""

    name: str | None = None
    description: str | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    target: Mapping[str, Any] | None = None

    def as_dict(self, response: Response) -> dict[str, Any]:
        """Return the wire form of `get_services`."""
        entry: dict[str, Any] = {}
        if self.name is not None:
            entry["name"] = self.name
        if self.description is not None:
            entry["description"] = self.description
        entry["fields"] = {name: item.as_dict() for name, item in self.fields.items()}
        if self.target is not None:
            entry["target"] = dict(self.target)
        if response is not Response.NONE:
            entry["response"] = {"optional": response is Response.OPTIONAL}
        return entry

    def check(self, service: str) -> None:
        """Raise `ValueError` when a selector is not one that clients know."""
        for name, item in self.fields.items():
            if item.selector is None:
                continue
            if len(item.selector) != 1:
                raise ValueError(f"{service}: field {name} needs exactly one selector")
            kind, config = next(iter(item.selector.items()))
            if kind not in _SELECTORS:
                raise ValueError(f"{service}: field {name} has the unknown selector {kind!r}")
            extra = set(config or ()) - _SELECTORS[kind] - {"read_only"}
            if extra:
                raise ValueError(f"{service}: selector {kind} of {name} does not take {extra}")
