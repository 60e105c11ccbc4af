"""One entity as the registry knows it, and its three forms on the wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.registry.entry import EMPTY, Entry, nothing
from hub.util.json import dumps, kept

CATEGORIES: Final = ("config", "diagnostic")
"""Entity categories; their places are the indexes of `list_for_display`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityEntry(Entry):
    """One entity: what the integration said (`original_*`) and what users made of it."""

    id: str
    entity_id: str
    platform: str
    unique_id: str
    device_id: str | None = None
    area_id: str | None = None
    name: str | None = None
    original_name: str | None = None
    has_entity_name: bool = True
    icon: str | None = None
    original_icon: str | None = None
    device_class: str | None = None
    original_device_class: str | None = None
    unit_of_measurement: str | None = None
    entity_category: str | None = None
    translation_key: str | None = None
    capabilities: Mapping[str, Any] = field(default_factory=nothing)
    supported_features: int = 0
    disabled_by: str | None = None
    hidden_by: str | None = None
    labels: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    categories: Mapping[str, str] = field(default_factory=nothing)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=nothing)
    _display: bytes | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def key(self) -> str:
        """Return the row's key, 32 hexadecimal digits that outlive a rename."""
        return self.id

    @property
    def domain(self) -> str:
        """Return the entity's kind, the part before the dot."""
        return self.entity_id.partition(".")[0]

    def row(self) -> dict[str, Any]:
        """Return the columns besides the key and `data`."""
        return {
            "entity_id": self.entity_id,
            "platform": self.platform,
            "unique_id": self.unique_id,
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form of `config/entity_registry/list`."""
        return {
            "area_id": self.area_id,
            "categories": dict(self.categories),
            "config_entry_id": None,
            "config_subentry_id": None,
            "created_at": self.created_at,
            "device_id": self.device_id,
            "disabled_by": self.disabled_by,
            "entity_category": self.entity_category,
            "entity_id": self.entity_id,
            "has_entity_name": self.has_entity_name,
            "hidden_by": self.hidden_by,
            "icon": self.icon,
            "id": self.id,
            "labels": list(self.labels),
            "modified_at": self.modified_at,
            "name": self.name,
            "next_name_part": None,
            "options": {domain: dict(options) for domain, options in self.options.items()},
            "original_name": self.original_name,
            "platform": self.platform,
            "translation_key": self.translation_key,
            "unique_id": self.unique_id,
        }

    def as_extended_dict(self) -> dict[str, Any]:
        """Return the wire form of `config/entity_registry/get`."""
        return {
            **self.as_dict(),
            "aliases": list(self.aliases),
            "capabilities": dict(self.capabilities),
            "device_class": self.device_class,
            "original_device_class": self.original_device_class,
            "original_icon": self.original_icon,
        }

    @property
    def display_json(self) -> bytes:
        """Return the item of `list_for_display`, empty for a disabled entity; built once."""
        if (value := self._display) is None:
            value = b"" if self.disabled_by is not None else kept(dumps(self._as_display()))
            object.__setattr__(self, "_display", value)
        return value

    def _as_display(self) -> dict[str, Any]:
        category = self.entity_category
        optional = {
            "ai": self.area_id,
            "di": self.device_id,
            "ic": self.icon,
            "tk": self.translation_key,
            "ec": CATEGORIES.index(category) if category in CATEGORIES else None,
            "hb": True if self.hidden_by is not None else None,
            "hn": True if self.has_entity_name else None,
            "en": self.name if self.name is not None else self.original_name,
            "dp": self._precision(),
        }
        return {
            "ei": self.entity_id,
            "pl": self.platform,
            "lb": list(self.labels),
            **{key: value for key, value in optional.items() if value is not None},
        }

    def _precision(self) -> int | None:
        """Return how many decimals of a sensor to show, as the user or else integration wants."""
        options = self.options.get("sensor", EMPTY)
        chosen = options.get("display_precision")
        value = options.get("suggested_display_precision") if chosen is None else chosen
        return value if isinstance(value, int) else None
