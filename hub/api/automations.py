"""Automations, scripts and scenes as clients edit and watch them: what both doors share."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.errors import InvalidFormat, NotFound, Unauthorized
from hub.resources import InvalidSpec, Resource
from hub.schema import slug
from hub.schema.markers import KEY
from hub.util.text import slugify

if TYPE_CHECKING:
    from hub.auth import User
    from hub.automation.trace import Trace
    from hub.events import Context
    from hub.hub import Hub

DOMAINS: Final = ("automation", "script", "scene")
LONGEST_ID: Final = 200


# --- what is written


def read(hub: "Hub", user: "User", domain: str, item_id: str) -> dict[str, Any]:
    """Return an item as it was written; raises `NotFound` also for what may not be read."""
    return _readable(hub, user, domain, item_id).spec


async def write(
    hub: "Hub",
    domain: str,
    item_id: str,
    body: Mapping[str, Any],
    context: "Context",
) -> None:
    """Make or replace an item and wait until it runs; raises as `resources.put` does.

    `InvalidFormat` for what does not fit, also where a blueprint is filled.
    """
    present = find(hub, domain, item_id)
    key = _new_key(hub, domain, item_id) if present is None else present.key
    spec = dict(body) if domain == "script" else {"id": item_id, **body}
    try:
        if "use_blueprint" in spec:
            _check_blueprint(hub, domain, spec)
        await hub.resources.put(f"hub.{domain}", key, spec, context=context)
    except InvalidSpec as error:
        raise _malformed((item["message"], item["path"]) for item in error.problems) from None
    await settle(hub)


async def delete(hub: "Hub", user: "User", domain: str, item_id: str, context: "Context") -> None:
    """Delete an item and wait until it is gone; raises as `resources.delete` does."""
    key = _readable(hub, user, domain, item_id).key
    await hub.resources.delete(f"hub.{domain}", key, context=context)
    await settle(hub)


async def settle(hub: "Hub") -> None:
    """Wait until automations, scripts and scenes are what their resources say."""
    await hub.scenes.settle()
    await hub.automations.settle()


def find(hub: "Hub", domain: str, item_id: str) -> Resource | None:
    """Return the resource of an item: by its key, else by the `id` in its text."""
    kind = f"hub.{domain}"
    present = hub.resources.store.get(f"{kind}/{item_id}")
    if present is not None or domain == "script":
        return present
    for item in hub.resources.list(kind):
        if str(item.spec.get("id")) == item_id:
            return item
    return None


def of_entity(hub: "Hub", user: "User", domain: str, entity_id: str) -> dict[str, Any]:
    """Return what was written for an entity; raises `NotFound`."""
    entry = hub.entity_registry.get(entity_id)
    if entry is None or entry.platform != domain or not user.may("read", entity_id):
        raise NotFound("Entity not found")
    present = hub.resources.store.get(f"hub.{domain}/{entry.unique_id}")
    if present is None or not user.may_resource("read", present.type, present.key):
        raise NotFound("Entity not found")
    return present.spec


def _readable(hub: "Hub", user: "User", domain: str, item_id: str) -> Resource:
    present = find(hub, domain, item_id)
    if present is None or not user.may_resource("read", present.type, present.key):
        raise NotFound("Resource not found")
    return present


def _new_key(hub: "Hub", domain: str, item_id: str) -> str:
    """Return the key of a new item; raises `InvalidFormat` for an id that can not be one."""
    if domain == "script":
        try:
            slug(item_id)
        except vol.Invalid as error:
            raise InvalidFormat(f"Key malformed: {error.error_message}") from None
    if not 0 < len(item_id) <= LONGEST_ID:
        raise InvalidFormat(f"Key malformed: expected 1 to {LONGEST_ID} characters")
    if KEY.fullmatch(item_id) is not None:
        return item_id
    base = slugify(item_id)[:58].strip("_")
    number, key = 1, base
    while hub.resources.store.get(f"hub.{domain}/{key}") is not None:
        number += 1
        key = f"{base}_{number}"
    return key


def _check_blueprint(hub: "Hub", domain: str, spec: Mapping[str, Any]) -> None:
    """Fill the blueprint and check what comes out, before anything is written."""
    from hub.automation import validation
    from hub.automation.blueprints import substitute

    check = {"automation": validation.automation, "script": validation.script}.get(domain)
    if check is None:
        return
    try:
        check(substitute(spec, domain, lambda path: hub.blueprints.find(domain, path)))
    except vol.Invalid as error:
        raise malformed(error) from None


def malformed(error: vol.Invalid) -> InvalidFormat:
    """Return a mistake in the words that clients know."""
    errors = error.errors if isinstance(error, vol.MultipleInvalid) else [error]
    return _malformed(
        (
            str(item.error_message),
            ".".join(str(getattr(part, "schema", part)) for part in item.path),
        )
        for item in errors
    )


def _malformed(found: Iterable[tuple[str, str]]) -> InvalidFormat:
    told = [f"{message} at '{path}'" if path else message for message, path in found]
    return InvalidFormat(f"Message malformed: {'; '.join(told)}")


# --- traces


def traces(hub: "Hub", user: "User", domain: str, item_id: str | None) -> "list[Trace]":
    """Return the kept runs that a user may see, oldest first.

    A trace holds variables, and those may come from any entity: only who may read every entity,
    and the item itself, sees it. Raises `Unauthorized` where he may read the item alone.
    """
    items = [
        item
        for item in hub.automations.list(domain)
        if item_id in (None, item.id) and user.may_resource("read", f"hub.{domain}", item.key)
    ]
    if not user.rights.reads_all:
        if item_id is not None and items:
            raise Unauthorized
        return []
    found = [trace for item in items for trace in item.traces]
    return sorted(found, key=lambda trace: trace.start)


def trace(hub: "Hub", user: "User", domain: str, item_id: str, run_id: str) -> "Trace":
    """Return one run; raises `NotFound`, and as `traces` does."""
    for found in traces(hub, user, domain, item_id):
        if found.run_id == run_id:
            return found
    raise NotFound("The trace could not be found")
