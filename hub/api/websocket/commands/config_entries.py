"""Config entries: integrations and their installations in the shape that clients list.

An integration's installation is the resource type that its manifest names first: each resource of
it is an entry. Without such resources, and when it stands in `hub.yaml`, the integration is one.
"""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.api import resources as work
from hub.api.websocket.command import Message, Then, command
from hub.api.websocket.commands.registries import texts
from hub.api.websocket.connection import Connection
from hub.const import EVENT_COMPONENT_LOADED, EVENT_STARTED
from hub.errors import NotFound
from hub.hub import LoadedIntegration
from hub.hub import Phase as HubPhase
from hub.resources import Phase, Resource
from hub.schema import text

if TYPE_CHECKING:
    from hub.auth import User
    from hub.hub import Hub

Entry = dict[str, Any]

_KINDS: Final = frozenset({"hub", "device", "service", "integration"})
_FILTER: Final = {vol.Optional("type_filter"): vol.Any(text, texts)}

STATES: Final = {
    Phase.PENDING: "setup_in_progress",
    Phase.APPLYING: "setup_in_progress",
    Phase.IN_SYNC: "loaded",
    Phase.DRIFTED: "loaded",
    Phase.FAILED: "setup_error",
    Phase.UNKNOWN: "setup_retry",
    Phase.DELETING: "unload_in_progress",
}


@command("config_entries/get", {**_FILTER, vol.Optional("domain"): text}, verb="read")
def get(connection: Connection, message: Message) -> list[Entry]:
    """Return integrations and their installations as config entries."""
    domain = message.get("domain")
    found = _wanted(connection, message)
    return [entry for entry in found if domain in (None, entry["domain"])]


@command("config_entries/get_single", {vol.Required("entry_id"): text}, admin=True, verb="read")
def get_single(connection: Connection, message: Message) -> dict[str, Entry]:
    """Return one of them."""
    for entry in entries(connection.hub, connection.user):
        if entry["entry_id"] == message["entry_id"]:
            return {"config_entry": entry}
    raise NotFound("Config entry not found")


@command("config_entries/subscribe", _FILTER, verb="read")
def subscribe(connection: Connection, message: Message) -> Then:
    """Send all entries at once, then those that are added, updated or removed."""
    return Then(None, Following(connection, message).start)


class Following:
    """One client's subscription; what changes within a loop turn is told together."""

    def __init__(self, connection: Connection, message: Message) -> None:
        """Follow on behalf of a command."""
        self._connection = connection
        self._message = message
        self._known: dict[str, Entry] = {}
        self._due: asyncio.Handle | None = None

    def start(self) -> None:
        """Send what there is and listen."""
        hub, message_id = self._connection.hub, self._message["id"]
        stops = [
            hub.resources.listen(self._changed),
            *(
                hub.bus.listen(name, lambda _event: self._soon())
                for name in (EVENT_COMPONENT_LOADED, EVENT_STARTED)
            ),
        ]

        def stop() -> None:
            for one in stops:
                one()
            if self._due is not None:
                self._due.cancel()

        self._connection.subscribe(message_id, stop)
        self._known = self._now()
        first = [{"type": None, "entry": entry} for entry in self._known.values()]
        self._connection.send_event(message_id, first)

    def _now(self) -> dict[str, Entry]:
        return {item["entry_id"]: item for item in _wanted(self._connection, self._message)}

    def _changed(self, _action: str, resource: Resource) -> None:
        item = self._connection.hub.integrations.get(resource.type.partition(".")[0])
        if item is not None and _installation(item) == resource.type:
            self._soon()

    def _soon(self) -> None:
        if self._due is None:
            self._due = asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._due = None
        before, self._known = self._known, self._now()
        told = [
            {"type": "updated" if name in before else "added", "entry": entry}
            for name, entry in self._known.items()
            if before.get(name) != entry
        ]
        gone = [entry for name, entry in before.items() if name not in self._known]
        told += [{"type": "removed", "entry": entry} for entry in gone]
        if told:
            self._connection.send_event(self._message["id"], told)


def _wanted(connection: Connection, message: Message) -> Iterable[Entry]:
    wanted = message.get("type_filter")
    kinds = [wanted] if isinstance(wanted, str) else wanted
    if kinds and not _KINDS.intersection(kinds):
        return []
    return entries(connection.hub, connection.user)


def entries(hub: "Hub", user: "User") -> list[Entry]:
    """Return an entry for every installation that the user may read, and every integration."""
    found: list[Entry] = []
    for item in hub.integrations.values():
        own = _installations(hub, user, item)
        if not own or item.unload is not None or item.error is not None:
            found.append(_of_integration(hub, item))
        found += own
    return found


def _installations(hub: "Hub", user: "User", item: LoadedIntegration) -> list[Entry]:
    kind = _installation(item)
    if kind is None or kind not in hub.resources.types:
        return []
    return [_of_resource(hub, resource) for resource in work.readable(hub, user, kind)]


def _installation(item: LoadedIntegration) -> str | None:
    named: Any = item.manifest.get("resources")
    return str(named[0]) if named else None


def _of_integration(hub: "Hub", item: LoadedIntegration) -> Entry:
    if item.error is not None:
        state = "setup_retry"
    elif item.unload is None and hub.phase is HubPhase.STARTING:
        state = "setup_in_progress"
    else:
        state = "loaded"
    return {
        **_ALWAYS,
        "entry_id": item.domain,
        "domain": item.domain,
        "title": str(item.manifest.get("name", item.domain)),
        "source": "import",
        "state": state,
        "reason": item.error,
    }


def _of_resource(hub: "Hub", resource: Resource) -> Entry:
    status = hub.resources.status(resource.type, resource.key)
    state = STATES[Phase.DELETING if resource.deleting else status.phase]
    return {
        **_ALWAYS,
        "created_at": resource.created_at,
        "modified_at": resource.updated_at,
        "entry_id": resource.id,
        "domain": resource.type.partition(".")[0],
        "title": hub.resources.title(resource),
        "source": "import" if resource.place is not None else "user",
        "state": state,
        "reason": status.message if state.startswith("setup_") and status.message else None,
    }


_ALWAYS: Final[Entry] = {
    "created_at": 0.0,
    "modified_at": 0.0,
    "entry_id": "",
    "domain": "",
    "title": "",
    "source": "",
    "state": "",
    "supports_options": False,
    "supports_remove_device": False,
    "supports_unload": False,
    "supports_reconfigure": False,
    "supported_subentry_types": {},
    "pref_disable_new_entities": False,
    "pref_disable_polling": False,
    "disabled_by": None,
    "reason": None,
    "error_reason_translation_domain": None,
    "error_reason_translation_key": None,
    "error_reason_translation_placeholders": None,
    "num_subentries": 0,
}
