"""Everything about resources behind one object: what the API, files and integrations call."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.config.documents import Document
from hub.const import EVENT_RESOURCE_UPDATED
from hub.errors import NotFound, Unauthorized
from hub.events import Context
from hub.resources.batches import Batches
from hub.resources.board import Board
from hub.resources.catalogue import Catalogue
from hub.resources.diff import Difference, diff
from hub.resources.history import History, Revision
from hub.resources.model import Desired, Phase, Resource, Status, Step
from hub.resources.references import References
from hub.resources.sealing import hidden
from hub.resources.specs import Specs
from hub.resources.store import Store, Write, Written
from hub.resources.views import Views

if TYPE_CHECKING:
    from hub.audit import Audit
    from hub.auth import Auth
    from hub.events import EventBus
    from hub.hub import Hub
    from hub.jobs import Job
    from hub.resources.engine import Engine
    from hub.resources.files import Files
    from hub.storage import Database
    from hub.storage.secrets import Keyring
    from hub.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

Listener = Callable[[str, Resource], object]


@dataclass(frozen=True, slots=True)
class Change:
    """What a write did, or would do."""

    action: str
    """created, updated, unchanged, deleting or deleted."""
    resource_type: str
    key: str
    revision: int
    diff: list[Difference]
    resource: dict[str, Any] | None = None
    """The resource's wire form, when it is still there."""

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "action": self.action,
            "resource_type": self.resource_type,
            "key": self.key,
            "revision": self.revision,
            "diff": self.diff,
            "resource": self.resource,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done outside, found by looking."""

    resource_type: str
    key: str
    revision: int
    """0 for a resource that does not exist yet."""
    phase: Phase
    steps: Sequence[Step]
    diff: list[Difference]

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "resource_type": self.resource_type,
            "key": self.key,
            "revision": self.revision,
            "phase": self.phase.value,
            "steps": [step.as_dict() for step in self.steps],
            "diff": self.diff,
        }


Strings = list[str]
Revisions = list[Revision]
Differences = list[Difference]
Changes = list[Change]
Found = list[Resource]


class Resources:
    """Desired things by type and key; a returned write is on the disk.

    A `context` with a user is checked against his rights; one without is the house itself.
    """

    def __init__(
        self,
        database: "Database",
        clock: "Clock",
        bus: "EventBus",
        auth: "Auth",
        audit: "Audit",
        keyring: "Keyring",
    ) -> None:
        """Prepare; `load` reads the tables, `start` sets the controllers to work."""
        self.types = Catalogue()
        self._clock = clock
        self._bus = bus
        self._users = auth.users
        references = References(lambda name: self.types.get(name).schema)
        self.store = Store(database, clock, audit, references, self._kept_revisions)
        self.store.published = self._published
        self.board = Board(database, self._status_changed)
        self.specs = Specs(self.types, keyring)
        self._views = Views(self.types, self.store, self.board)
        self._history = History(database, self.store)
        self._batches = Batches(self.store, self.types, self.specs)
        self.engine: Engine | None = None
        self.files: Files | None = None
        self._listeners: list[tuple[str | None, Listener]] = []
        keyring.pauses.append(self.store.paused)
        keyring.on_rotated.append(self._forget_views)

    async def load(self) -> None:
        """Read resources and their status; raises `StorageError`."""
        await self.store.load()
        await self.board.load()

    async def _forget_views(self) -> None:
        """Build what readers see anew, after specs were sealed with another key."""
        self._views.forget()

    async def start(self, hub: "Hub") -> None:
        """Apply the files, give every resource its entities, set the controllers to work."""
        from hub.resources.engine import Engine
        from hub.resources.entities import ResourceEntities
        from hub.resources.files import Files

        self.engine = Engine(hub, self)
        self.files = Files(hub, self)
        hub.health.check("resource_files", self.files.health)
        await self.files.start()
        await ResourceEntities(hub, self).start()
        await self.engine.start()

    async def stop(self) -> None:
        """Look at nothing any more; applies that run are the jobs' matter."""
        if self.engine is not None:
            await self.engine.stop()

    async def close(self) -> None:
        """Stop the controllers, after the jobs; resources stay as they are."""
        engine, self.engine = self.engine, None
        if engine is not None:
            await engine.close()
        await self.store.close()

    # --- reading

    def get(self, type: str, key: str) -> Resource:
        """Return a resource; raises `NotFound`."""
        found = self.store.get(f"{type}/{key}")
        if found is None:
            self.types.get(type)
            raise NotFound(f"There is no {type}/{key}")
        return found

    def list(self, type: str | None = None) -> list[Resource]:
        """Return the resources of a type, or all, ordered by id; raises `NotFound`."""
        if type is None:
            return sorted(self.store.all(), key=lambda item: item.id)
        if type not in self.types:
            self.types.get(type)
        found = [item for item in self.store.all() if item.type == type]
        return sorted(found, key=lambda item: item.key)

    def status(self, type: str, key: str) -> Status:
        """Return what was observed last."""
        return self.board.get(f"{type}/{key}")

    def used_by(self, type: str, key: str) -> Strings:
        """Return the ids of the resources that refer to this one."""
        return self.store.users(f"{type}/{key}")

    def title(self, resource: Resource) -> str:
        """Return the name that people know it by."""
        return self._views.title(resource.type, resource.key, resource.spec)

    def as_dict(self, resource: Resource) -> dict[str, Any]:
        """Return the wire form; secrets are `{"sealed": true}`."""
        return self._views.as_dict(resource)

    def json(self, resource: Resource) -> bytes:
        """Return the wire form as JSON, made once per change."""
        return self._views.json(resource)

    def export(self, type: str | None = None) -> dict[str, Any]:
        """Return specs by `type/key`; secrets are `{"sealed": true}`."""
        return {item.id: hidden(item.spec) for item in self.list(type) if not item.deleting}

    async def history(self, type: str, key: str) -> Revisions:
        """Return the revisions that are kept, newest first, also of a deleted resource.

        Raises `NotFound`.
        """
        return await self._history.all(f"{type}/{key}", self._name)

    async def authors(self, type: str, key: str | None = None) -> dict[str, str | None]:
        """Return who wrote what is stored now, by id; None = the house itself, or its files."""
        return await self._history.authors(type, key)

    async def revision(self, type: str, key: str, number: int) -> Revision:
        """Return one revision; raises `NotFound`."""
        return await self._history.one(f"{type}/{key}", number, self._name)

    async def diff(self, type: str, key: str, old: int, new: int | None = None) -> Differences:
        """Return what differs between two revisions (or the present); raises `NotFound`."""
        before = await self._history.stored(f"{type}/{key}", old)
        if new is None:
            present = self.store.get(f"{type}/{key}")
            return diff(before, None if present is None else present.spec)
        return diff(before, await self._history.stored(f"{type}/{key}", new))

    def listen(self, callback: Listener, type: str | None = None) -> Callable[[], None]:
        """Call `callback(action, resource)` after each change: added, updated, removed, status."""
        entry = (type, callback)
        self._listeners.append(entry)
        return lambda: self._listeners.remove(entry) if entry in self._listeners else None

    # --- writing

    async def put(
        self,
        type: str,
        key: str,
        spec: Mapping[str, Any],
        *,
        if_revision: int | None = None,
        dry_run: bool = False,
        context: Context | None = None,
        note: str | None = None,
    ) -> Change:
        """Write a spec; `if_revision` 0 = only create.

        Raises `NotFound` for the type, `InvalidSpec` with every problem, `Conflict`, `FileOwned`,
        `NotAllowed`, `Unauthorized`, `StorageError`.
        """
        context = context or Context()
        self._demand(context, "write", type, key)
        normal = self.specs.normal(type, key, spec)
        write = Write(
            type,
            key,
            self.specs.maker(type, key, normal),
            context,
            if_revision=if_revision,
            note=note,
        )
        (written,) = await self.store.write([write], dry_run=dry_run)
        return self._change(written)

    async def delete(
        self,
        type: str,
        key: str,
        *,
        if_revision: int | None = None,
        cascade: bool = False,
        force: bool = False,
        dry_run: bool = False,
        context: Context | None = None,
    ) -> Changes:
        """Delete a resource, with `cascade` also those that refer to it, users first.

        Its controller takes it out of the world before it is gone; with `force` only the hub
        forgets it. Raises `NotFound`, `InUse`, `Conflict`, `FileOwned`, `Unauthorized`.
        """
        context = context or Context()
        target = self.get(type, key)
        chain = self._users_first(target) if cascade else [target]
        for item in chain:
            self._demand(context, "write", item.type, item.key)
        lingering = set() if force else self._batches.lingering(chain)
        writes = [
            Write(
                item.type,
                item.key,
                None,
                context,
                if_revision=if_revision if item is target else None,
                deleting=item.id in lingering,
            )
            for item in chain
        ]
        written = await self.store.write(writes, dry_run=dry_run)
        return [self._change(item) for item in written]

    async def rollback(
        self,
        type: str,
        key: str,
        to: int,
        *,
        if_revision: int | None = None,
        dry_run: bool = False,
        context: Context | None = None,
    ) -> Change:
        """Write the spec of an old revision anew, secrets included; a deleted one comes back.

        Raises as `put` does, and `NotFound` for a revision that is not kept.
        """
        context = context or Context()
        self._demand(context, "write", type, key)
        name = f"{type}/{key}"
        stored = await self._history.stored(name, to)
        if stored is None:
            raise NotFound(f"{name} was deleted in revision {to}: choose an older one")
        self.specs.normal(type, key, self.specs.opened(type, key, stored))
        write = Write(
            type,
            key,
            self.specs.again(type, key, stored),
            context,
            if_revision=if_revision,
            action="rollback",
            note=f"back to revision {to}",
        )
        (written,) = await self.store.write([write], dry_run=dry_run)
        return self._change(written)

    async def apply_documents(
        self,
        documents: Sequence[Document],
        *,
        prune: Sequence[str] = (),
        owned: Sequence[str] = (),
        dry_run: bool = False,
        context: Context | None = None,
        config_dir: Path | None = None,
    ) -> Changes:
        """Write many resources or none of them.

        Resources of `prune` (files or folders) that no document names are deleted. What comes
        from other files is refused, unless they are in `prune` or `owned`. Raises `ConfigError`
        with file and line of every problem, otherwise as `put` does.
        """
        context = context or Context()
        writes = self._batches.writes(documents, prune, owned, context, config_dir)
        for write in writes:
            self._demand(context, "write", write.type, write.key)
        written = await self.store.write(writes, dry_run=dry_run)
        return [self._change(item) for item in written]

    async def release(self, resources: Sequence[Resource]) -> None:
        """Hand resources that came from files to clients of the API; their specs stay."""
        await self._from_files(resources, _as_it_is)

    async def drop(self, resources: Sequence[Resource]) -> None:
        """Delete resources whose file no longer names them; their revisions stay."""
        await self._from_files(resources, None)

    async def _from_files(
        self,
        resources: Sequence[Resource],
        make: Callable[[Resource | None], dict[str, Any]] | None,
    ) -> None:
        writes = [
            Write(
                item.type,
                item.key,
                make,
                Context(),
                takes=frozenset() if item.place is None else frozenset({item.place.file}),
            )
            for item in resources
        ]
        if writes:
            await self.store.write(writes)

    # --- the outside

    async def plan(self, type: str, key: str, spec: Mapping[str, Any] | None = None) -> Plan:
        """Look outside and return what would be done, for `spec` or for what is stored.

        Raises as `put` does, `Unavailable` when the outside can not be reached.
        """
        present = self.store.get(f"{type}/{key}")
        if spec is None:
            present = self.get(type, key)
            stored = present.spec
        else:
            stored = self.specs.maker(type, key, self.specs.normal(type, key, spec))(present)
        revision = 0 if present is None else present.revision
        deleting = present is not None and present.deleting
        wanted = Desired(type, key, self.specs.opened(type, key, stored), revision, deleting)
        steps = await self.engine.look(wanted) if self.engine is not None else ()
        before = None if present is None else present.spec
        return Plan(
            type,
            key,
            revision,
            self.status(type, key).phase,
            steps,
            diff(before, stored) if spec else [],
        )

    async def apply(
        self, type: str, key: str, context: Context | None = None, *, repair: bool = True
    ) -> "Job | None":
        """Make the world match now, whatever the drift policy; None = there was nothing to do.

        Returns as soon as the job runs. Raises `NotFound`, `Unavailable`, `Unauthorized`.
        """
        context = context or Context()
        self._demand(context, "apply", type, key)
        resource = self.get(type, key)
        if self.engine is None:
            return None
        return await self.engine.apply_now(resource, context, repair=repair)

    def look(self, type: str, key: str) -> None:
        """Look at a resource soon: its controller has heard that something changed outside."""
        resource = self.store.get(f"{type}/{key}")
        if resource is not None and self.engine is not None:
            self.engine.changed(resource)

    # --- for the rooms inside

    async def stored(self, id: str, revision: int) -> dict[str, Any] | None:
        """Return the stored spec of an old revision; raises `NotFound`."""
        return await self._history.stored(id, revision)

    async def removed(self, resource: Resource) -> None:
        """Forget a resource that its controller has taken out of the world."""
        await self.store.write([Write(resource.type, resource.key, None, Context())])

    def _change(self, written: Written) -> Change:
        """Return the wire form of what a write did."""
        before, after = written.before, written.after
        old = None if before is None else before.spec
        new = None if after is None or after.deleting else after.spec
        action = "unchanged" if written.action == "moved" else written.action
        return Change(
            action,
            written.write.type,
            written.write.key,
            written.revision,
            diff(old, new),
            None if after is None else self.as_dict(after),
        )

    def _demand(self, context: Context, verb: str, type: str, key: str) -> None:
        """Raise `Unauthorized` when the context's user may not do this."""
        if context.user_id is None:
            return
        user = self._users.get(context.user_id)
        if user is None or not user.may_resource(verb, type, key):
            raise Unauthorized

    def _users_first(self, target: Resource) -> Found:
        """Return a resource and all that refer to it, those that refer coming first."""
        order: dict[str, Resource] = {}
        path: set[str] = set()

        def visit(resource: Resource) -> None:
            path.add(resource.id)
            for user in self.store.users(resource.id):
                found = self.store.get(user)
                if found is not None and user not in path and user not in order:
                    visit(found)
            order[resource.id] = resource

        visit(target)
        return list(order.values())

    def _kept_revisions(self, type: str) -> int:
        try:
            return self.types.get(type).keep_revisions
        except NotFound:
            return 100

    def _name(self, user_id: str | None) -> str | None:
        user = None if user_id is None else self._users.get(user_id)
        return None if user is None else user.name

    def _published(self, changed: Sequence[Written]) -> None:
        """Tell the engine and everybody who listens."""
        for item in changed:
            shown = item.after or item.before
            if shown is None:
                continue
            self._views.written(item)
            if item.after is None:
                self.board.forget(shown.id)
            if self.engine is not None:
                self.engine.changed(shown, gone=item.after is None, context=item.write.context)
            action = {"created": "added"}.get(
                item.action, "removed" if item.after is None else "updated"
            )
            self._tell(action, shown, item.write.context)

    def _status_changed(self, id: str) -> None:
        self._views.forget(id)
        resource = self.store.get(id)
        if resource is not None:
            self._tell("status", resource, None)

    def _tell(self, action: str, resource: Resource, context: Context | None) -> None:
        for wanted, listener in tuple(self._listeners):
            if wanted in (None, resource.type):
                try:
                    listener(action, resource)
                except Exception:
                    _LOGGER.exception("A listener for resources failed")
        if self._bus.listened(EVENT_RESOURCE_UPDATED):
            data = {
                "action": action,
                "resource_type": resource.type,
                "key": resource.key,
                "revision": resource.revision,
                "phase": self.board.get(resource.id).phase.value,
            }
            self._bus.fire(EVENT_RESOURCE_UPDATED, data, context)


def _as_it_is(present: Resource | None) -> dict[str, Any]:
    """Keep the spec; only who owns the resource changes."""
    if present is None:
        raise NotFound("The resource is gone")
    return present.spec
