"""The hub's configuration, services, integrations and itself."""

from typing import Any, Final

import voluptuous as vol

from hub.api.config import core_config
from hub.api.websocket.command import Message, command
from hub.api.websocket.commands.registries import texts
from hub.api.websocket.connection import Connection
from hub.const import HA_VERSION, VERSION
from hub.errors import NotFound
from hub.hub import LoadedIntegration
from hub.schema import text


@command("get_config", verb="read")
def get_config(connection: Connection, message: Message) -> dict[str, Any]:
    """Return the configuration that clients know."""
    del message
    config = core_config(connection.hub)
    if connection.user.local_only:
        del config["external_url"]
    return config


@command("get_services", verb="read")
def get_services(connection: Connection, message: Message) -> dict[str, Any]:
    """Return every service with its fields."""
    del message
    return connection.hub.services.describe()


@command("manifest/list", {vol.Optional("integrations"): texts}, verb="read")
def manifests(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return the manifests of the loaded integrations, or of the named ones."""
    loaded = connection.hub.integrations
    wanted = message.get("integrations", loaded)
    return [_manifest(loaded[name]) for name in wanted if name in loaded]


@command("manifest/get", {vol.Required("integration"): text}, verb="read")
def manifest(connection: Connection, message: Message) -> dict[str, Any]:
    """Return one manifest."""
    found = connection.hub.integrations.get(message["integration"])
    if found is None:
        raise NotFound("Integration not found")
    return _manifest(found)


def _manifest(loaded: LoadedIntegration) -> dict[str, Any]:
    own = dict(loaded.manifest)
    return {
        "domain": loaded.domain,
        "name": loaded.domain,
        "codeowners": [],
        "config_flow": False,
        "dependencies": [],
        "after_dependencies": [],
        "documentation": "",
        "integration_type": "hub",
        "iot_class": "local_push",
        "quality_scale": None,
        "requirements": [],
        "is_built_in": True,
        "overwrites_built_in": False,
        **{key: value for key, value in own.items() if key in _MANIFEST_KEYS},
    }


_MANIFEST_KEYS: Final = frozenset(
    {
        "after_dependencies",
        "codeowners",
        "dependencies",
        "documentation",
        "domain",
        "integration_type",
        "iot_class",
        "loggers",
        "name",
        "quality_scale",
        "requirements",
    }
)


@command("integration/setup_info", verb="read")
def setup_info(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return how long each integration took to set up, in seconds."""
    del message
    loaded = connection.hub.integrations.values()
    return [{"domain": item.domain, "seconds": item.setup_seconds} for item in loaded]


@command("hub/info", verb="read")
def info(connection: Connection, message: Message) -> dict[str, Any]:
    """Return the hub's own version, its id, and how much it holds."""
    del message
    hub = connection.hub
    return {
        "version": VERSION,
        "protocol_version": HA_VERSION,
        "hub_id": hub.hub_id,
        "name": hub.settings.hub.name,
        "phase": hub.phase.value,
        "counts": {
            "areas": len(hub.areas.all()),
            "devices": len(hub.devices.all()),
            "entities": len(hub.entities),
            "integrations": len(hub.integrations),
            "states": len(hub.states),
        },
        "integrations": [
            {"domain": item.domain, "error": item.error} for item in hub.integrations.values()
        ],
    }
