"""The device registry."""

from typing import Any

import voluptuous as vol

from hub.api.websocket.command import Message, Raw, command
from hub.api.websocket.commands.registries import maybe, texts
from hub.api.websocket.connection import Connection
from hub.errors import HubError
from hub.schema import text


@command("config/device_registry/list", verb="read")
def list_devices(connection: Connection, message: Message) -> Raw:
    """Return every device, but those of whose entities the user may read none."""
    del message
    hub, user = connection.hub, connection.user
    if user.rights.reads_all:
        return Raw(hub.devices.list_json())
    shown = []
    for device in hub.devices.all():
        entries = hub.entity_registry.by_device(device.id)
        if not entries or any(user.may("read", entry.entity_id) for entry in entries):
            shown.append(device.json)
    return Raw(b"[%b]" % b",".join(shown))


@command(
    "config/device_registry/update",
    {
        vol.Required("device_id"): text,
        vol.Optional("area_id"): maybe(text),
        vol.Optional("name_by_user"): maybe(text),
        vol.Optional("labels"): texts,
        vol.Optional("disabled_by"): maybe("user"),
    },
    admin=True,
    verb="write",
)
async def update_device(connection: Connection, message: Message) -> Raw:
    """Change what the user decides about a device."""
    devices = connection.hub.devices
    changes: dict[str, Any] = {
        key: value for key, value in message.items() if key not in ("id", "type", "device_id")
    }
    entry = devices.update(message["device_id"], **changes)
    await devices.flush()
    return Raw(entry.json)


async def _remove(connection: Connection, device_id: str) -> None:
    """Forget a device that no living entity belongs to, with its registry entries."""
    hub = connection.hub
    if hub.devices.get(device_id) is None:
        raise HubError("Unknown device")
    entries = hub.entity_registry.by_device(device_id)
    if any(hub.entities.get(entry.entity_id) is not None for entry in entries):
        raise HubError("Config entry does not support device removal")
    for entry in list(entries):
        hub.entity_registry.remove(entry.entity_id)
    hub.devices.remove(device_id)
    await hub.entity_registry.flush()
    await hub.devices.flush()


@command(
    "config/device_registry/remove", {vol.Required("device_id"): text}, admin=True, verb="write"
)
async def remove_device(connection: Connection, message: Message) -> None:
    """Forget a device that is gone."""
    await _remove(connection, message["device_id"])


@command(
    "config/device_registry/remove_config_entry",
    {vol.Required("config_entry_id"): text, vol.Required("device_id"): text},
    admin=True,
    verb="write",
)
async def remove_device_of_entry(connection: Connection, message: Message) -> None:
    """Forget a device that is gone (the older form)."""
    await _remove(connection, message["device_id"])
