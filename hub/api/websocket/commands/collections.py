"""Helpers as clients list and edit them: five commands for each kind, backed by resources."""

from dataclasses import dataclass
from typing import Any, Final

import voluptuous as vol

from hub.api import resources as work
from hub.api.websocket.command import Message, Then, command
from hub.api.websocket.connection import Connection
from hub.errors import InvalidFormat, NotFound
from hub.helpers.helper import HelperKind
from hub.helpers.kinds import KINDS
from hub.resources import Conflict, InvalidSpec, Resource
from hub.schema import explain, text
from hub.util.text import slugify

Item = dict[str, Any]

LONGEST_SLUG: Final = 58
"""A key has at most 63 characters, and a number may have to follow."""


@dataclass(frozen=True, slots=True)
class Helpers:
    """The commands of one kind."""

    kind: HelperKind

    @property
    def key(self) -> str:
        """Return the field that names an item, such as `timer_id`."""
        return f"{self.kind.domain}_id"

    def add_commands(self) -> None:
        """Register list, create, update, delete and subscribe."""
        prefix, key = self.kind.domain, {vol.Required(self.key): text}
        fields = {name: check for name, check in self.kind.fields.items() if name != "name"}
        fields[vol.Required("name")] = self.kind.fields[vol.Optional("name")]
        command(f"{prefix}/list", verb="read")(self.list)
        command(f"{prefix}/create", fields, verb="write")(self.create)
        command(f"{prefix}/update", {**fields, **key}, verb="write")(self.update)
        command(f"{prefix}/delete", key, verb="write")(self.delete)
        command(f"{prefix}/subscribe", verb="read")(self.subscribe)

    def list(self, connection: Connection, message: Message) -> list[Item]:
        """Return every item that the user may read."""
        del message
        found = work.readable(connection.hub, connection.user, self.kind.resource_type)
        return [self._item(resource) for resource in found]

    async def create(self, connection: Connection, message: Message) -> Item:
        """Add an item; its id is the slug of its name."""
        spec = self._spec(message)
        key = self._free(connection, spec["name"])
        return await self._put(connection, key, spec, 0)

    async def update(self, connection: Connection, message: Message) -> Item:
        """Replace the fields of an item."""
        spec = self._spec(message)
        key = self._present(connection, message)
        return await self._put(connection, key, spec)

    async def delete(self, connection: Connection, message: Message) -> None:
        """Delete an item."""
        key = self._present(connection, message)
        await connection.hub.resources.delete(
            self.kind.resource_type, key, context=connection.context()
        )
        await connection.hub.helpers.settle()

    def subscribe(self, connection: Connection, message: Message) -> Then:
        """Send every item as added, then each change."""
        hub, user, message_id = connection.hub, connection.user, message["id"]

        def changed(action: str, resource: Resource) -> None:
            if action != "status" and user.may_resource("read", resource.type, resource.key):
                connection.send_event(message_id, [self._change(action, resource)])

        def start() -> None:
            connection.subscribe(message_id, hub.resources.listen(changed, self.kind.resource_type))
            found = work.readable(hub, user, self.kind.resource_type)
            connection.send_event(message_id, [self._change("added", item) for item in found])

        return Then(None, start)

    async def _put(
        self, connection: Connection, key: str, spec: Item, if_revision: int | None = None
    ) -> Item:
        hub = connection.hub
        try:
            await hub.resources.put(
                self.kind.resource_type,
                key,
                spec,
                if_revision=if_revision,
                context=connection.context(),
            )
        except InvalidSpec as error:
            raise InvalidFormat(error.message) from None
        except Conflict:
            if if_revision != 0:
                raise
            return await self._put(connection, self._free(connection, spec["name"]), spec, 0)
        await hub.helpers.settle()
        return self._item(hub.resources.get(self.kind.resource_type, key))

    def _spec(self, message: Message) -> Item:
        """Return what was asked for, checked as a whole before anything is looked up."""
        spec = {
            name: item for name, item in message.items() if name not in ("id", "type", self.key)
        }
        try:
            return self.kind.normal(spec)
        except vol.Invalid as error:
            raise InvalidFormat(explain(error)) from None

    def _free(self, connection: Connection, name: str) -> str:
        slug = slugify(name)[:LONGEST_SLUG].strip("_")
        number, key = 1, slug
        while connection.hub.resources.store.get(f"{self.kind.resource_type}/{key}") is not None:
            number += 1
            key = f"{slug}_{number}"
        return key

    def _present(self, connection: Connection, message: Message) -> str:
        """Return the key that a command names; raises `NotFound` as clients know it."""
        key: str = message[self.key]
        kind = self.kind.resource_type
        present = connection.hub.resources.store.get(f"{kind}/{key}")
        if present is None or not connection.user.may_resource("read", kind, key):
            raise NotFound(f"Unable to find {self.key} {key}")
        return key

    def _item(self, resource: Resource) -> Item:
        try:
            return {"id": resource.key, **self.kind.normal(resource.spec)}
        except vol.Invalid:  # written by an older hub; its owner can still mend or delete it
            return {"id": resource.key, **resource.spec}

    def _change(self, action: str, resource: Resource) -> Item:
        item = self._item(resource)
        return {"change_type": action, self.key: resource.key, "item": item}


for _kind in KINDS.values():
    Helpers(_kind).add_commands()
