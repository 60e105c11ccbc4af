"""The entity registry, and where entities come from."""

from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.api.websocket.command import Message, Raw, command
from hub.api.websocket.commands.registries import maybe, texts
from hub.api.websocket.connection import Connection
from hub.errors import InvalidFormat, NotFound, Unauthorized
from hub.schema import entity_id, text
from hub.util.json import dumps

if TYPE_CHECKING:
    from hub.registry import EntityEntry

_CATEGORIES: Final = b'{"0":"config","1":"diagnostic"}'


@command("config/entity_registry/list", verb="read")
def list_entities(connection: Connection, message: Message) -> Raw:
    """Return every registry entry of what the user may read."""
    del message
    if connection.user.rights.reads_all:
        return Raw(connection.hub.entity_registry.list_json())
    return Raw(b"[%b]" % b",".join([entry.json for entry in _readable(connection)]))


@command("config/entity_registry/list_for_display", verb="read")
def list_for_display(connection: Connection, message: Message) -> Raw:
    """Return the compact list that pages draw from; disabled entities are left out."""
    del message
    entries = _readable(connection)
    shown = b",".join([found for entry in entries if (found := entry.display_json)])
    return Raw(b'{"entity_categories":%b,"entities":[%b]}' % (_CATEGORIES, shown))


@command("config/entity_registry/get", {vol.Required("entity_id"): entity_id}, verb="read")
def get_entity(connection: Connection, message: Message) -> Raw:
    """Return one entry with everything known."""
    return _extended(_entry(connection, message["entity_id"]))


@command(
    "config/entity_registry/get_entries", {vol.Required("entity_ids"): [entity_id]}, verb="read"
)
def get_entities(connection: Connection, message: Message) -> dict[str, Any]:
    """Return several entries, null for those that do not exist."""
    registry, may = connection.hub.entity_registry, connection.user.may
    wanted = message["entity_ids"]
    found = {item: registry.get(item) if may("read", item) else None for item in wanted}
    return {
        key: None if entry is None else entry.as_extended_dict() for key, entry in found.items()
    }


def _categories(value: object) -> dict[str, str | None]:
    if not isinstance(value, dict) or not all(
        isinstance(item, (str, type(None))) for item in value.values()
    ):
        raise vol.Invalid("expected category ids by scope")
    return value


def _small(value: object) -> str:
    return text(value).lower()


def _aliases(value: object) -> list[str]:
    """Accept a list of texts; null stands for the name itself and is dropped."""
    return texts([item for item in value if item is not None] if isinstance(value, list) else value)


@command(
    "config/entity_registry/update",
    {
        vol.Required("entity_id"): entity_id,
        vol.Optional("name"): maybe(text),
        vol.Optional("icon"): maybe(text),
        vol.Optional("area_id"): maybe(text),
        vol.Optional("labels"): texts,
        vol.Optional("aliases"): _aliases,
        vol.Optional("categories"): _categories,
        vol.Optional("device_class"): maybe(text),
        vol.Optional("new_entity_id"): _small,
        vol.Optional("disabled_by"): maybe("user"),
        vol.Optional("hidden_by"): maybe("user"),
        vol.Optional("options_domain"): text,
        vol.Optional("options"): maybe(dict),
    },
    verb="edit",
)
async def update_entity(connection: Connection, message: Message) -> dict[str, Any]:
    """Change what the user decides about an entity; `new_entity_id` renames it."""
    registry = connection.hub.entity_registry
    entry = _editable(connection, message)
    changes = {key: value for key, value in message.items() if key not in _NOT_CHANGES}
    if ("options_domain" in message) != ("options" in message):
        raise InvalidFormat("options_domain and options come together")
    updated = registry.update(entry.entity_id, **changes)
    await registry.flush()
    return {"entity_entry": updated.as_extended_dict()}


_NOT_CHANGES: Final = ("id", "type", "entity_id")


@command("config/entity_registry/remove", {vol.Required("entity_id"): entity_id}, verb="edit")
async def remove_entity(connection: Connection, message: Message) -> None:
    """Forget an entity; one that its integration still offers comes back at the next start."""
    registry = connection.hub.entity_registry
    registry.remove(_editable(connection, message).entity_id)
    await registry.flush()


@command("entity/source", verb="read")
def sources(connection: Connection, message: Message) -> dict[str, Any]:
    """Return the integration of every living entity that the user may read."""
    del message
    may = connection.user.may
    entities = [it for it in connection.hub.entities.all() if may("read", it.entity_id)]
    return {entity.entity_id: {"domain": entity.entry.platform} for entity in entities}


def _readable(connection: Connection) -> "list[EntityEntry]":
    """Return the entries of what the user may read."""
    entries, user = connection.hub.entity_registry.all(), connection.user
    if user.rights.reads_all:
        return entries
    return [entry for entry in entries if user.may("read", entry.entity_id)]


def _entry(connection: Connection, wanted: str) -> "EntityEntry":
    entry = connection.hub.entity_registry.get(wanted)
    if entry is None or not connection.user.may("read", wanted):
        raise NotFound("Entity not found")
    return entry


def _editable(connection: Connection, message: Message) -> "EntityEntry":
    """Return the entry that shall be changed; raises `NotFound`, `Unauthorized`."""
    user, wanted = connection.user, message["entity_id"]
    if user.may("read", wanted) and not user.may("edit", wanted):
        raise Unauthorized
    return _entry(connection, wanted)


def _extended(entry: "EntityEntry") -> Raw:
    return Raw(dumps(entry.as_extended_dict()))
