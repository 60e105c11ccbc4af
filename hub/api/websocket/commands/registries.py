"""Areas, floors and labels: four commands each, of one pattern."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.api.websocket.command import Message, Raw, command
from hub.api.websocket.connection import Connection
from hub.schema import described, entity_id, text

if TYPE_CHECKING:
    from hub.hub import Hub

Fields = Mapping[Any, Any]


@described(schema=[str])
def texts(value: object) -> list[str]:
    """Accept a list of texts."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise vol.Invalid("expected a list of texts")
    return value


def maybe(check: Any) -> Any:
    """Accept what `check` accepts, or null."""
    return vol.Any(None, check)


@dataclass(frozen=True, slots=True)
class Collection:
    """One of the plain registries."""

    prefix: str
    key: str
    registry: Callable[["Hub"], Any]
    fields: Fields
    deleted: str | None = None
    """The result of a delete; Home Assistant answers "success" for areas, null otherwise."""

    def add_commands(self) -> None:
        """Register list, create, update and delete."""
        optional = {vol.Optional(name): check for name, check in self.fields.items()}
        key = {vol.Required(self.key): text}
        command(f"{self.prefix}/list", verb="read")(self._list)
        command(
            f"{self.prefix}/create",
            {**optional, vol.Required("name"): text},
            admin=True,
            verb="write",
        )(self._create)
        command(
            f"{self.prefix}/update",
            {**optional, **key, vol.Optional("name"): text},
            admin=True,
            verb="write",
        )(self._update)
        command(f"{self.prefix}/delete", key, admin=True, verb="write")(self._delete)

    def _list(self, connection: Connection, message: Message) -> Raw:
        """Return every entry."""
        del message
        return Raw(self.registry(connection.hub).list_json())

    async def _create(self, connection: Connection, message: Message) -> Raw:
        """Add an entry and return it."""
        registry = self.registry(connection.hub)
        entry = registry.create(**_given(message))
        await registry.flush()
        return Raw(entry.json)

    async def _update(self, connection: Connection, message: Message) -> Raw:
        """Change some fields of an entry; null clears one."""
        registry = self.registry(connection.hub)
        fields = _given(message)
        entry = registry.update(fields.pop(self.key), **fields)
        await registry.flush()
        return Raw(entry.json)

    async def _delete(self, connection: Connection, message: Message) -> str | None:
        """Delete an entry; what refers to it is cleared."""
        registry = self.registry(connection.hub)
        registry.delete(message[self.key])
        await registry.flush()
        return self.deleted


def _given(message: Message) -> dict[str, Any]:
    return {key: value for key, value in message.items() if key not in ("id", "type")}


COLLECTIONS: Final = (
    Collection(
        "config/area_registry",
        "area_id",
        lambda hub: hub.areas,
        {
            "aliases": texts,
            "floor_id": maybe(text),
            "humidity_entity_id": maybe(entity_id),
            "icon": maybe(text),
            "labels": texts,
            "picture": maybe(text),
            "temperature_entity_id": maybe(entity_id),
        },
        "success",
    ),
    Collection(
        "config/floor_registry",
        "floor_id",
        lambda hub: hub.floors,
        {"aliases": texts, "icon": maybe(text), "level": maybe(int)},
    ),
    Collection(
        "config/label_registry",
        "label_id",
        lambda hub: hub.labels,
        {"color": maybe(text), "description": maybe(text), "icon": maybe(text)},
    ),
)

for _collection in COLLECTIONS:
    _collection.add_commands()
