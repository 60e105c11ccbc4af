"""The names in all automations, scripts, scenes, templates, helpers and policies of a hub."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.automation.references.exists import exists
from hub.automation.references.named import Kind, Named, named
from hub.automation.references.policies import in_policy, with_other_id
from hub.automation.references.rename import renamed
from hub.errors import HubError, InvalidFormat, NotFound
from hub.states.machine import valid_entity_id

if TYPE_CHECKING:
    from hub.auth.user import User
    from hub.events import Context
    from hub.hub import Hub
    from hub.resources import Resource

PIECE: Final = 20
"""Resources that are read before others have their turn."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A name, and who names it."""

    owner_type: str
    """automation, script, scene, template, recorder_policy, policy or a helper's kind."""
    owner_id: str
    """A resource's id, or a policy's name."""
    owner_name: str
    named: Named
    resource: "Resource | None" = None


class References:
    """Keeps an index of who names what; whether it exists is looked up when somebody asks."""

    def __init__(self, hub: "Hub") -> None:
        """Read nothing before somebody asks."""
        self._hub = hub
        self._of: dict[str, list[Reference]] = {}
        self._users: defaultdict[tuple[Kind, str], set[str]] = defaultdict(set)
        self._reading = asyncio.Lock()
        self._follows = False

    async def read(self) -> None:
        """Read every resource once, in small pieces, and follow the changes from then on."""
        async with self._reading:
            if self._follows:
                return
            self._follows = True
            self._hub.resources.listen(self._changed)
            for number, resource in enumerate(self._hub.resources.list()):
                if resource.id not in self._of:
                    self._changed("added", resource)
                if number % PIECE == PIECE - 1:
                    await asyncio.sleep(0)

    def __len__(self) -> int:
        """Return how many names are known."""
        return sum(len(found) for found in self._of.values())

    # --- asked

    async def dead(self, user: "User | None" = None) -> list[dict[str, Any]]:
        """Return the names of what does not exist, in what the user may read."""
        await self.read()
        found = [
            item
            for item in self._all(user)
            if item.named.sure and not self.exists(item.named.kind, item.named.value)
        ]
        return await self._rows(found)

    async def of(self, entity_id: str, user: "User | None" = None) -> list[dict[str, Any]]:
        """Return who names an entity; raises `NotFound` for one that the user may not read."""
        _check_id(entity_id)
        if user is not None and not user.may("read", entity_id):
            raise NotFound(f"There is no entity {entity_id}")
        await self.read()
        return await self._rows(self._naming(entity_id, user))

    def every(self, user: "User | None" = None) -> "Iterator[Reference]":
        """Yield who names what, in what the user may read; known since `read`."""
        return self._all(user)

    def exists(self, kind: Kind, value: str) -> bool:
        """Tell whether there is what a name stands for."""
        return exists(self._hub, kind, value)

    async def rename(
        self,
        old: str,
        new: str,
        context: "Context",
        user: "User | None" = None,
        *,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Write the new id of an entity wherever the old one is named.

        Resources are written in one transaction, all or none; policies after them. What comes
        from a file is refused with file and line; somebody has to change that by hand.
        Raises `InvalidFormat`, `NotFound`, and what a write of resources raises.
        """
        _check_id(old)
        _check_id(new)
        if old == new:
            raise InvalidFormat(f"new_entity_id: {new} is what it is called already")
        if user is not None and not user.may("read", old):
            raise NotFound(f"There is no entity {old}")
        await self.read()
        naming = [item for item in self._naming(old, user) if item.named.kind is not Kind.SERVICE]
        changed: list[dict[str, Any]] = []
        refused: list[dict[str, Any]] = []
        specs: dict[str, dict[str, Any]] = {}
        for item, row in zip(naming, await self._rows(naming), strict=True):
            reason = self._refused(item, user)
            if reason is not None:
                refused.append({**_brief(row), "reason": reason.format(old=old, new=new)})
                continue
            changed.append(_brief(row))
            if item.resource is not None and item.resource.id not in specs:
                spec = renamed(item.resource.type, item.resource.spec, old, new)
                specs[item.resource.id] = spec or item.resource.spec
        await self._write(specs, context, f"{old} is called {new} now", dry_run=dry_run)
        if not dry_run:
            for name, reason in (await self._rename_in_policies(naming, old, new, user)).items():
                left = [row for row in changed if row["id"] == name]
                refused += [{**row, "reason": reason} for row in left]
                changed = [row for row in changed if row not in left]
        return {"changed": changed, "refused": refused}

    async def _write(
        self,
        specs: Mapping[str, Mapping[str, Any]],
        context: "Context",
        note: str,
        *,
        dry_run: bool,
    ) -> None:
        """Write new specs of resources in one go."""
        from hub.resources.store import Write

        resources = self._hub.resources
        writes = []
        for id_, spec in specs.items():
            kind, _, key = id_.partition("/")
            maker = resources.specs.maker(kind, key, resources.specs.normal(kind, key, spec))
            revision = resources.get(kind, key).revision
            writes.append(Write(kind, key, maker, context, if_revision=revision, note=note))
        if writes:
            await resources.store.write(writes, dry_run=dry_run)

    def _refused(self, item: Reference, user: "User | None") -> str | None:
        """Say why a name can not be changed here."""
        if item.resource is None:
            may = user is None or user.is_admin
            return None if may else "only an administrator changes policies"
        if item.resource.place is not None:
            return f"comes from {item.resource.place}: write {{new}} for {{old}} there"
        if user is not None and not user.may_resource(
            "write", item.resource.type, item.resource.key
        ):
            return "you may not change it"
        return None

    async def _rename_in_policies(
        self, naming: Iterable[Reference], old: str, new: str, user: "User | None"
    ) -> dict[str, str]:
        """Write policies anew, each by itself; return why one could not be written."""
        failed: dict[str, str] = {}
        if user is not None and not user.is_admin:
            return failed
        for name in {item.owner_id for item in naming if item.owner_type == "policy"}:
            policy = self._hub.auth.policies.get(name)
            if policy is not None:
                rules = [with_other_id(rule.as_dict(), old, new) for rule in policy.rules]
                try:
                    await self._hub.auth.policies.put(name, rules, policy.description)
                except HubError as error:
                    failed[name] = error.message
        return failed

    # --- inside

    def _changed(self, action: str, resource: "Resource") -> None:
        if action == "status":
            return
        for item in self._of.pop(resource.id, ()):
            key = (item.named.kind, item.named.value)
            self._users[key].discard(resource.id)
            if not self._users[key]:
                del self._users[key]
        if action == "removed" or not resource.type.startswith("hub."):
            return
        title = self._hub.resources.title(resource)
        kind = resource.type.partition(".")[2]
        found = [
            Reference(kind, resource.id, title, item, resource)
            for item in named(resource.type, resource.spec)
        ]
        if found:
            self._of[resource.id] = found
            for item in found:
                self._users[item.named.kind, item.named.value].add(resource.id)

    def _all(self, user: "User | None") -> Iterator[Reference]:
        for found in self._of.values():
            if _may_read(found[0], user):
                yield from found
        if user is None or user.is_admin:
            yield from self._in_policies()

    def _naming(self, entity_id: str, user: "User | None") -> list[Reference]:
        """Return each place that names an entity, once."""
        owners = set(self._users.get((Kind.ENTITY, entity_id), ()))
        owners |= self._users.get((Kind.SERVICE, entity_id), set())
        found = [
            item
            for owner in sorted(owners)
            for item in self._of[owner]
            if item.named.value == entity_id
            and item.named.kind in (Kind.ENTITY, Kind.SERVICE)
            and _may_read(item, user)
        ]
        if user is None or user.is_admin:
            found += [
                item
                for item in self._in_policies()
                if item.named.kind is Kind.ENTITY and item.named.value == entity_id
            ]
        once: dict[tuple[str, str], Reference] = {}
        for item in found:
            key = (item.owner_id, item.named.dotted)
            if key not in once or item.named.sure:
                once[key] = item
        return list(once.values())

    def _in_policies(self) -> Iterator[Reference]:
        """Yield what user policies name; there are few, so they are read when somebody asks."""
        for policy in self._hub.auth.policies.all():
            for item in in_policy(policy):
                yield Reference("policy", policy.name, policy.name, item)

    async def _rows(self, found: "list[Reference]") -> list[dict[str, Any]]:
        """Return the wire form; files are read again to tell the line of each name."""
        lines: Mapping[str, Any] = {}
        if any(item.resource is not None and item.resource.place is not None for item in found):
            lines = await asyncio.to_thread(_lines, self._hub)
        return [self._row(item, lines) for item in found]

    def _row(self, item: Reference, lines: Mapping[str, Any]) -> dict[str, Any]:
        owner: dict[str, Any] = {
            "type": item.owner_type,
            "id": item.owner_id,
            "name": item.owner_name,
        }
        if (entity_id := self._entity_of(item)) is not None:
            owner["entity_id"] = entity_id
        row: dict[str, Any] = {
            "owner": owner,
            "path": item.named.dotted,
            "kind": item.named.kind.value,
            "value": item.named.value,
        }
        resource = item.resource
        if resource is not None and resource.place is not None:
            row["file"], row["line"] = resource.place.file, resource.place.line
            places, keys = lines.get(resource.id, {}), item.named.path
            while keys and keys not in places:
                keys = keys[:-1]
            if keys in places:
                row["line"] = places[keys][1]
        return row

    def _entity_of(self, item: Reference) -> str | None:
        """Return the entity that shows the owner, where there is one."""
        if item.resource is None:
            return None
        if item.owner_type in ("automation", "script"):
            try:
                return self._hub.automations.get(item.owner_id).entity_id
            except NotFound:
                return None
        registry = self._hub.entity_registry
        entry = registry.by_unique_id(item.owner_type, item.owner_type, item.resource.key)
        return None if entry is None else entry.entity_id


def _check_id(name: str) -> None:
    if not valid_entity_id(name):
        raise InvalidFormat(f"{name[:80]!r} is not an entity id such as sensor.kitchen")


def _may_read(item: Reference, user: "User | None") -> bool:
    resource = item.resource
    return user is None or (
        resource is not None and user.may_resource("read", resource.type, resource.key)
    )


def _brief(row: Mapping[str, Any]) -> dict[str, Any]:
    where = {key: row[key] for key in ("file", "line") if key in row}
    return {"id": row["owner"]["id"], "path": row["path"], **where}


def _lines(hub: "Hub") -> dict[str, Any]:
    """Return file and line of every field of resources that come from files."""
    from hub.config import documents, house

    found, _problems, _files = house.read(hub.config_dir)
    folder = hub.config_dir / "resources"
    if folder.is_dir():
        more, _problems = documents.read([folder], hub.config_dir)
        found = [*found, *more]
    return {item.id: item.places or {} for item in found}
