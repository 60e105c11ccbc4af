"""The entity registry: ids that stay, names and places that users change."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from hub.const import (
    EVENT_AREA_REGISTRY_UPDATED,
    EVENT_DEVICE_REGISTRY_UPDATED,
    EVENT_ENTITY_REGISTRY_UPDATED,
    EVENT_LABEL_REGISTRY_UPDATED,
    MAX_ENTITY_ID_LENGTH,
)
from hub.errors import InvalidInfo, NotFound
from hub.registry.base import Registry, tidy
from hub.registry.entity import CATEGORIES, EntityEntry
from hub.registry.entry import EMPTY
from hub.registry.index import Index
from hub.util.text import slugify

if TYPE_CHECKING:
    from hub.events import Event, EventBus
    from hub.registry.areas import AreaRegistry
    from hub.registry.labels import LabelRegistry
    from hub.storage import Database
    from hub.util.clock import Clock

DISABLED_BY: Final = frozenset({"user", "integration", "device", "config_entry", "hass"})
HIDDEN_BY: Final = frozenset({"user", "integration"})
ORIGINALS: Final = frozenset(
    {
        "original_name",
        "has_entity_name",
        "original_icon",
        "original_device_class",
        "unit_of_measurement",
        "entity_category",
        "translation_key",
        "capabilities",
        "supported_features",
    }
)
"""What an integration says anew at each start."""

CHANGEABLE: Final = frozenset(
    {"name", "icon", "area_id", "labels", "aliases", "categories", "device_class"}
    | {"disabled_by", "hidden_by"}
)
"""What a user may change, besides the id and the options."""

_ENTITY_ID: Final = re.compile(r"(?!_)[\da-z_]+(?<!_)\.(?!_)[\da-z_]+(?<!_)")


class EntityRegistry(Registry[EntityEntry]):
    """All entities, found by id, unique id, device, area and label."""

    TABLE, KEY, NOUN = "entities", "id", "Entity"
    EVENT = EVENT_ENTITY_REGISTRY_UPDATED
    entry = EntityEntry

    def __init__(
        self,
        bus: "EventBus",
        database: "Database",
        clock: "Clock",
        *,
        areas: "AreaRegistry | None" = None,
        labels: "LabelRegistry | None" = None,
        taken: Callable[[str], bool] | None = None,
    ) -> None:
        """Start empty; `taken` tells which ids are used by states that have no entry."""
        super().__init__(bus, database, clock)
        self._areas = areas
        self._labels = labels
        self._taken = taken
        self._by_id: dict[str, EntityEntry] = {}
        self._by_unique: dict[tuple[str, str, str], str] = {}
        self._by_device, self._by_area, self._by_label = Index(), Index(), Index()
        bus.listen(EVENT_AREA_REGISTRY_UPDATED, self._area_updated)
        bus.listen(EVENT_DEVICE_REGISTRY_UPDATED, self._device_updated)
        bus.listen(EVENT_LABEL_REGISTRY_UPDATED, self._label_updated)

    # --- reading

    def get(self, entity_id: str) -> EntityEntry | None:
        """Return the entry with this entity id."""
        return self._by_id.get(entity_id)

    def by_key(self, id_: str) -> EntityEntry | None:
        """Return the entry with this registry id (32 hexadecimal digits)."""
        return self._entries.get(id_)

    def by_unique_id(self, domain: str, platform: str, unique_id: str) -> EntityEntry | None:
        """Return the entry an integration made under this unique id."""
        key = self._by_unique.get((domain, platform, unique_id))
        return None if key is None else self._entries[key]

    def by_device(self, device_id: str) -> list[EntityEntry]:
        """Return the entities of a device."""
        return self._found(self._by_device.get(device_id))

    def by_area(self, area_id: str) -> list[EntityEntry]:
        """Return the entities that stand in an area themselves, not through their device."""
        return self._found(self._by_area.get(area_id))

    def by_label(self, label_id: str) -> list[EntityEntry]:
        """Return the entities with a label."""
        return self._found(self._by_label.get(label_id))

    def display_json(self) -> bytes:
        """Return the JSON result of `config/entity_registry/list_for_display`."""
        items = b",".join(
            [item for entry in self._entries.values() if (item := entry.display_json)]
        )
        return b'{"entity_categories":{"0":"config","1":"diagnostic"},"entities":[%b]}' % items

    # --- writing

    def get_or_create(
        self,
        domain: str,
        platform: str,
        unique_id: str,
        *,
        suggested_object_id: str | None = None,
        device_id: str | None = None,
        disabled_by: str | None = None,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        **originals: Any,
    ) -> EntityEntry:
        """Return the entry of an integration's entity, made or brought up to date.

        `originals` are the fields of `ORIGINALS`; `disabled_by` and `options` count for a new
        entry only.
        Raises `ValueError` for an unknown entity category.
        """
        if unknown := originals.keys() - ORIGINALS:
            raise TypeError(f"entities have no original {', '.join(sorted(unknown))}")
        category = originals.get("entity_category")
        if category is not None and category not in CATEGORIES:
            raise ValueError(f"unknown entity category {category}")
        values = {**originals, "device_id": device_id}
        old = self.by_unique_id(domain, platform, unique_id)
        if old is not None:
            return self._update(old, values)
        now = self._clock.time()
        return self._add(
            EntityEntry(
                id=uuid4().hex,
                entity_id=self.free_id(domain, suggested_object_id or f"{platform} {unique_id}"),
                platform=platform,
                unique_id=unique_id,
                disabled_by=disabled_by,
                options=options or EMPTY,
                created_at=now,
                modified_at=now,
                **values,
            )
        )

    def free_id(self, domain: str, suggested: str) -> str:
        """Return `domain.slug of suggested`, with `_2` and so on while it is taken."""
        slug = slugify(suggested)
        room = MAX_ENTITY_ID_LENGTH - len(domain) - 1
        number, entity_id = 1, f"{domain}.{slug[:room].rstrip('_')}"
        while self._in_use(entity_id):
            number += 1
            tail = f"_{number}"
            entity_id = f"{domain}.{slug[: room - len(tail)].rstrip('_')}{tail}"
        return entity_id

    def update(
        self,
        entity_id: str,
        *,
        new_entity_id: str | None = None,
        options_domain: str | None = None,
        options: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> EntityEntry:
        """Change what a user may change; `categories` are merged, None takes one away.

        `options` replace those of `options_domain`, None drops them. Raises `NotFound`, and
        `InvalidInfo` for an id that is malformed, of another domain or taken.
        """
        old = self._by_id.get(entity_id)
        if old is None:
            raise NotFound("Entity not found")
        if unknown := changes.keys() - CHANGEABLE:
            raise TypeError(f"entities have no changeable {', '.join(sorted(unknown))}")
        values = self._checked(old, changes)
        if options_domain is not None:
            kept = {name: value for name, value in old.options.items() if name != options_domain}
            values["options"] = kept if options is None else {**kept, options_domain: dict(options)}
        if new_entity_id is not None and new_entity_id != entity_id:
            self._check_id(old, new_entity_id)
            values["entity_id"] = new_entity_id
        return self._update(old, values)

    def remove(self, entity_id: str) -> None:
        """Remove an entry; raises `NotFound`."""
        entry = self._by_id.get(entity_id)
        if entry is None:
            raise NotFound("Entity not found")
        self._drop(entry)

    # --- inside

    def _found(self, keys: Iterable[str]) -> list[EntityEntry]:
        entries = self._entries
        return [entries[key] for key in keys]

    def _in_use(self, entity_id: str) -> bool:
        return entity_id in self._by_id or (self._taken is not None and self._taken(entity_id))

    def _check_id(self, old: EntityEntry, new_id: str) -> None:
        if len(new_id) > MAX_ENTITY_ID_LENGTH or not _ENTITY_ID.fullmatch(new_id):
            raise InvalidInfo("Invalid entity ID")
        if new_id.partition(".")[0] != old.domain:
            raise InvalidInfo("New entity ID should be same domain")
        if self._in_use(new_id):
            raise InvalidInfo("Entity with this ID is already registered")

    def _checked(self, old: EntityEntry, values: dict[str, Any]) -> dict[str, Any]:
        if "aliases" in values:
            values["aliases"] = tidy(
                alias for alias in values["aliases"] or () if alias is not None
            )
        if "labels" in values:
            labels = values["labels"] or ()
            values["labels"] = (
                tidy(labels) if self._labels is None else self._labels.existing(labels)
            )
        if "categories" in values:
            merged = {**old.categories, **(values["categories"] or {})}
            values["categories"] = {scope: id_ for scope, id_ in merged.items() if id_ is not None}
        area_id = values.get("area_id")
        if area_id is not None and self._areas is not None and self._areas.get(area_id) is None:
            raise InvalidInfo(f"The area {area_id} does not exist")
        for name, allowed in (("disabled_by", DISABLED_BY), ("hidden_by", HIDDEN_BY)):
            if (reason := values.get(name)) is not None and reason not in allowed:
                raise InvalidInfo(f"{reason} is no known value of {name}")
        return values

    def _update(self, old: EntityEntry, values: dict[str, Any]) -> EntityEntry:
        new, changes = self._change(old, values)
        if changes:
            renamed = {"old_entity_id": old.entity_id} if "entity_id" in changes else {}
            self._fire("update", new, changes=changes, **renamed)
        return new

    def _fire(self, action: str, entry: EntityEntry, **data: Any) -> None:
        self._bus.fire(self.EVENT, {"action": action, "entity_id": entry.entity_id, **data})

    def _remember(self, entry: EntityEntry) -> None:
        super()._remember(entry)
        self._index(entry)

    def _forget(self, entry: EntityEntry) -> None:
        super()._forget(entry)
        self._unindex(entry)

    def _swap(self, old: EntityEntry, new: EntityEntry) -> None:
        self._unindex(old)
        super()._swap(old, new)
        self._index(new)

    def _index(self, entry: EntityEntry) -> None:
        key = entry.id
        self._by_id[entry.entity_id] = entry
        self._by_unique[(entry.domain, entry.platform, entry.unique_id)] = key
        self._by_device.add((entry.device_id,), key)
        self._by_area.add((entry.area_id,), key)
        self._by_label.add(entry.labels, key)

    def _unindex(self, entry: EntityEntry) -> None:
        key = entry.id
        del self._by_id[entry.entity_id]
        del self._by_unique[(entry.domain, entry.platform, entry.unique_id)]
        self._by_device.remove((entry.device_id,), key)
        self._by_area.remove((entry.area_id,), key)
        self._by_label.remove(entry.labels, key)

    # --- what happens elsewhere

    def _area_updated(self, event: "Event") -> None:
        if event.data["action"] == "remove":
            for entry in self.by_area(event.data["area_id"]):
                self._update(entry, {"area_id": None})

    def _label_updated(self, event: "Event") -> None:
        if event.data["action"] == "remove":
            gone = event.data["label_id"]
            for entry in self.by_label(gone):
                self._update(entry, {"labels": tuple(x for x in entry.labels if x != gone)})

    def _device_updated(self, event: "Event") -> None:
        """Go with a removed device; sleep and wake with a disabled one."""
        data = event.data
        if data["action"] == "remove":
            owners = {domain for domain, _ in data["device"]["identifiers"]}
            for entry in self.by_device(data["device_id"]):
                if entry.platform in owners:
                    self._drop(entry)
                else:
                    self._update(entry, {"device_id": None})
        elif "disabled_by" in data.get("changes", ()):
            asleep = data["changes"]["disabled_by"] is None
            for entry in self.by_device(data["device_id"]):
                if asleep and entry.disabled_by is None:
                    self._update(entry, {"disabled_by": "device"})
                elif not asleep and entry.disabled_by == "device":
                    self._update(entry, {"disabled_by": None})
