"""Resources: read, written, planned, applied, followed."""

from typing import Any, Final

import voluptuous as vol

from hub.api import resources as work
from hub.api.websocket.command import Message, Raw, Then, command
from hub.api.websocket.connection import Connection
from hub.api.websocket.topics import ResourceTopic
from hub.schema import text

_NAME: Final = {vol.Required("resource_type"): text, vol.Required("key"): text}
_DRY: Final = {vol.Optional("dry_run", default=False): bool}
_IF: Final = {vol.Optional("if_revision"): vol.Any(None, work.REVISION)}
_TYPE: Final = {vol.Optional("resource_type"): text}


@command("resource/types", verb="read")
def types(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return the types, each with its form."""
    del message
    return work.types(connection.hub, connection.user)


@command("resource/list", _TYPE, verb="read")
def list_resources(connection: Connection, message: Message) -> Raw:
    """Return the resources of a type, or all."""
    return Raw(work.listing(connection.hub, connection.user, message.get("resource_type")))


@command("resource/get", {**_NAME, vol.Optional("revision"): work.NUMBER}, verb="read")
def get(connection: Connection, message: Message) -> Any:
    """Return a resource, or one of its revisions."""
    hub, user = connection.hub, connection.user
    name = _name(message)
    if "revision" not in message:
        return work.shown(hub, user, work.read(hub, user, *name))
    work.demand_read(user, *name)
    return _revision(connection, message)


async def _revision(connection: Connection, message: Message) -> dict[str, Any]:
    found = await connection.hub.resources.revision(*_name(message), message["revision"])
    return found.as_dict()


@command(
    "resource/put",
    {
        **_NAME,
        vol.Required("spec"): dict,
        **_IF,
        **_DRY,
        vol.Optional("note"): vol.Any(None, work.NOTE),
    },
    verb="write",
)
async def put(connection: Connection, message: Message) -> Any:
    """Write a spec; `if_revision` 0 = only create."""
    change = await connection.hub.resources.put(
        *_name(message),
        message["spec"],
        if_revision=message.get("if_revision"),
        dry_run=message["dry_run"],
        context=connection.context(),
        note=message.get("note"),
    )
    return change.as_dict()


@command(
    "resource/delete",
    {
        **_NAME,
        **_IF,
        vol.Optional("cascade", default=False): bool,
        vol.Optional("force", default=False): bool,
        **_DRY,
    },
    verb="write",
)
async def delete(connection: Connection, message: Message) -> Any:
    """Delete a resource, with `cascade` also those that refer to it."""
    return work.as_dicts(
        await connection.hub.resources.delete(
            *_name(message),
            if_revision=message.get("if_revision"),
            cascade=message["cascade"],
            force=message["force"],
            dry_run=message["dry_run"],
            context=connection.context(),
        )
    )


@command("resource/plan", {**_NAME, vol.Optional("spec"): vol.Any(None, dict)}, verb="read")
async def plan(connection: Connection, message: Message) -> Any:
    """Look outside and return what would be done; changes nothing."""
    name = _name(message)
    return await work.plan(connection.hub, connection.user, *name, message.get("spec"))


@command("resource/apply", _NAME, verb="apply")
async def apply(connection: Connection, message: Message) -> dict[str, Any]:
    """Make the world match now; `job_id` null = there was nothing to do."""
    job = await connection.hub.resources.apply(*_name(message), connection.context())
    return {"job_id": None if job is None else job.id}


@command("resource/history", _NAME, verb="read")
async def history(connection: Connection, message: Message) -> Any:
    """Return the kept revisions, newest first, also of a deleted resource."""
    work.demand_read(connection.user, *_name(message))
    return [item.as_dict() for item in await connection.hub.resources.history(*_name(message))]


@command(
    "resource/diff",
    {**_NAME, vol.Required("old"): work.NUMBER, vol.Optional("new"): vol.Any(None, work.NUMBER)},
    verb="read",
)
async def diff(connection: Connection, message: Message) -> Any:
    """Return what differs between two revisions, or one and the present."""
    work.demand_read(connection.user, *_name(message))
    return await connection.hub.resources.diff(*_name(message), message["old"], message.get("new"))


@command(
    "resource/rollback", {**_NAME, vol.Required("to"): work.NUMBER, **_IF, **_DRY}, verb="write"
)
async def rollback(connection: Connection, message: Message) -> Any:
    """Write the spec of an old revision anew."""
    change = await connection.hub.resources.rollback(
        *_name(message),
        message["to"],
        if_revision=message.get("if_revision"),
        dry_run=message["dry_run"],
        context=connection.context(),
    )
    return change.as_dict()


@command("resource/apply_documents", work.DOCUMENTS, verb="write")
async def apply_documents(connection: Connection, message: Message) -> Any:
    """Write many resources or none of them."""
    return await work.apply_documents(connection.hub, message, connection.context())


@command("resource/export", _TYPE, verb="read")
def export(connection: Connection, message: Message) -> dict[str, Any]:
    """Return specs by `type/key`; secrets are `{"sealed": true}`."""
    return work.export(connection.hub, connection.user, message.get("resource_type"))


@command("resource/subscribe", {**_TYPE, vol.Optional("key"): text}, verb="read")
def subscribe(connection: Connection, message: Message) -> Then:
    """Send the resources at once, then every change of one."""
    hub, user, message_id = connection.hub, connection.user, message["id"]
    kind = message.get("resource_type")
    if kind is not None:
        hub.resources.types.get(kind)
    reader = None if user.rights.reads_all_resources else user
    topic = ResourceTopic(hub, kind, message.get("key"), reader)

    def start() -> None:
        # Joining sends the group what waits; from here to the end nothing can change.
        leave = connection.fanout.subscribe_topic(connection, message_id, topic)
        connection.subscribe(message_id, leave)
        connection.send_event(message_id, Raw(topic.first()))
        connection.flush()

    return Then(None, start)


def _name(message: Message) -> tuple[str, str]:
    return message["resource_type"], message["key"]
