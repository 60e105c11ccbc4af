"""Specs and their revisions: in memory for reading, in one transaction per batch for writing.

Writes are evaluated one after the other, each seeing what those before it did, and committed
together: one commit serves everybody who was waiting. Memory changes after the commit.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from hub.audit import Entry
from hub.errors import NotAllowed
from hub.events import ORIGIN
from hub.resources.errors import Conflict, FileOwned, InUse, InvalidSpec
from hub.resources.model import Place, Resource, Source
from hub.resources.references import References
from hub.util.json import dumps, loads

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.audit import Audit
    from hub.events import Context
    from hub.storage import Database
    from hub.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

BATCH: Final = 500
"""Writes that share one commit at most."""

WAITING: Final = 20_000
"""Writes that may wait; further ones are refused instead of filling the memory."""


@dataclass(frozen=True, slots=True)
class Write:
    """One wish: the stored form of a spec, or None to remove the resource."""

    type: str
    key: str
    make: Callable[[Resource | None], dict[str, Any]] | None
    """Makes the stored spec from the present resource; runs inside the batch."""
    context: "Context"
    if_revision: int | None = None
    source: Source = Source.API
    place: Place | None = None
    note: str | None = None
    action: str | None = None
    """What history calls it; create or update unless said otherwise."""
    deleting: bool = False
    """Mark for removal instead of writing a spec."""
    takes: frozenset[str] = frozenset()
    """Files whose resources this write may change."""
    origin: str | None = field(default_factory=ORIGIN.get)
    """Where the order comes from; the writer's task does not know."""

    @property
    def id(self) -> str:
        """Return `type/key`."""
        return f"{self.type}/{self.key}"


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a wish."""

    action: str
    """created, updated, moved (to another line or file), unchanged, deleting or deleted."""
    before: Resource | None
    after: Resource | None
    write: Write
    revision: int
    """The revision that the change made, or the present one when it made none."""


@dataclass(slots=True)
class _Request:
    writes: Sequence[Write]
    dry_run: bool
    future: "asyncio.Future[list[Written]]"

    def answer(self, result: list[Written] | Exception) -> None:
        """Tell whoever still waits."""
        if self.future.done():
            return
        if isinstance(result, Exception):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


@dataclass(slots=True)
class _Batch:
    """What the writes of a batch have changed so far, over what is committed."""

    committed: Mapping[str, Resource]
    references: References
    last: Mapping[str, int]
    changed: dict[str, Resource | None] = field(default_factory=dict)
    given: dict[str, int] = field(default_factory=dict)

    def revision(self, id: str) -> int:
        """Return the next revision of a resource; no number is given twice."""
        self.given[id] = max(self.given.get(id, 0), self.last.get(id, 0)) + 1
        return self.given[id]

    def get(self, id: str) -> Resource | None:
        return self.changed[id] if id in self.changed else self.committed.get(id)

    def users(self, id: str) -> list[str]:
        """Return the ids of the resources that refer to this one."""
        found = {user for user in self.references.users(id) if user not in self.changed}
        for other, resource in self.changed.items():
            if resource is not None and id in self.references.of(resource):
                found.add(other)
        return sorted(found - {id})


Published = Callable[[Sequence[Written]], None]


class Store:
    """All resources; the only place that changes them."""

    def __init__(
        self,
        database: "Database",
        clock: "Clock",
        audit: "Audit",
        references: References,
        keep: Callable[[str], int],
    ) -> None:
        """Write into `database`; `keep` tells how many revisions a type keeps."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._references = references
        self._keep = keep
        self._resources: dict[str, Resource] = {}
        self._last: dict[str, int] = {}
        self._waiting: list[_Request] = []
        self._writer: asyncio.Task[None] | None = None
        self._committing = asyncio.Lock()
        self.published: Published = lambda _written: None
        """Called after each commit with what changed, in order."""

    async def load(self) -> None:
        """Read every resource; raises `StorageError`."""
        from sqlalchemy import func, select

        from hub.storage.tables import resource_revisions, resources

        newest = select(resource_revisions.c.id, func.max(resource_revisions.c.revision))
        async with self._database.read() as connection:
            rows = (await connection.execute(resources.select().order_by(resources.c.id))).all()
            last = (await connection.execute(newest.group_by(resource_revisions.c.id))).all()
        self._last = {row[0]: row[1] for row in last}
        self._resources = {row.id: _resource(row) for row in rows}
        self._references.load(self._resources.values())

    def get(self, id: str) -> Resource | None:
        """Return a resource by `type/key`."""
        return self._resources.get(id)

    def all(self) -> Iterator[Resource]:
        """Return every resource, by id within what was loaded, newest last."""
        return iter(self._resources.values())

    def users(self, id: str) -> list[str]:
        """Return the ids of the resources that refer to this one."""
        return sorted(self._references.users(id) - {id})

    def names(self, resource: Resource) -> frozenset[str]:
        """Return the ids of the resources that this one refers to."""
        return self._references.of(resource)

    async def write(self, writes: Sequence[Write], *, dry_run: bool = False) -> list[Written]:
        """Do all of `writes` or none; returns when they are on the disk.

        Raises `InvalidSpec`, `Conflict`, `InUse`, `FileOwned`, `NotAllowed`, `StorageError`.
        """
        if len(self._waiting) >= WAITING:
            raise NotAllowed("Too many changes are waiting to be written; try again")
        future: asyncio.Future[list[Written]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Request(writes, dry_run, future))
        if self._writer is None:
            loop = asyncio.get_running_loop()
            self._writer = loop.create_task(self._run(), name="resource writer")
        return await future

    async def close(self) -> None:
        """Wait for what was begun."""
        if self._writer is not None:
            await asyncio.wait([self._writer])

    async def _run(self) -> None:
        """Commit batch after batch until nothing waits."""
        try:
            while self._waiting:
                requests, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                async with self._committing:
                    await self._commit(requests)
        finally:
            self._writer = None

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Hold up writes while stored specs are changed from outside, then read them again."""
        async with self._committing:
            yield
            await self.load()

    async def _commit(self, requests: Sequence[_Request]) -> None:
        """Evaluate requests in order, write what they changed, then publish and answer."""
        batch = _Batch(self._resources, self._references, self._last)
        done: list[tuple[_Request, list[Written]]] = []
        for request in requests:
            try:
                done.append((request, self._evaluate(batch, request)))
            except Exception as error:  # noqa: BLE001 - it is the caller's
                request.answer(error)
        lasting = [written for request, written in done if not request.dry_run]
        changed = [item for written in lasting for item in written if item.action != "unchanged"]
        try:
            if changed:
                async with self._database.begin() as connection:
                    await self._persist(connection, changed)
        except Exception as error:  # noqa: BLE001 - told to everybody whose change was not saved
            for request, _written in done:
                request.answer(error)
            return
        self._publish(changed)
        for request, written in done:
            request.answer(written)

    def _evaluate(self, batch: _Batch, request: _Request) -> list[Written]:
        """Work out what a request changes; on failure the batch is as it was."""
        before = dict(batch.changed)
        try:
            written = [self._one(batch, write) for write in request.writes]
            for item in written:
                self._check_references(batch, item)
        except BaseException:
            batch.changed = before
            raise
        if request.dry_run:
            batch.changed = before
        return written

    def _one(self, batch: _Batch, write: Write) -> Written:
        """Return the resource as it will be."""
        present = batch.get(write.id)
        _check_revision(write, present)
        _check_source(write, present)
        if write.make is not None:
            return self._put(batch, write, present, write.make(present))
        if present is None or (write.deleting and present.deleting):
            revision = 0 if present is None else present.revision
            return Written("unchanged", present, present, write, revision)
        if present.deleting:
            batch.changed[write.id] = None
            return Written("deleted", present, None, write, present.revision)
        revision = batch.revision(write.id)
        now = self._clock.time()
        gone = replace(present, deleting=True, revision=revision, updated_at=now)
        batch.changed[write.id] = gone if write.deleting else None
        if write.deleting:
            return Written("deleting", present, gone, write, revision)
        return Written("deleted", present, None, write, revision)

    def _put(
        self, batch: _Batch, write: Write, present: Resource | None, spec: dict[str, Any]
    ) -> Written:
        """Return the resource with its new spec, source and place."""
        now = self._clock.time()
        if present is None:
            revision = batch.revision(write.id)
            after = Resource(
                write.type,
                write.key,
                spec,
                revision,
                write.source,
                write.place,
                deleting=False,
                created_at=now,
                updated_at=now,
            )
            batch.changed[write.id] = after
            return Written("created", None, after, write, revision)
        if present.deleting:
            raise NotAllowed(f"{write.id} is being deleted; wait until it is gone")
        after = replace(present, source=write.source, place=write.place)
        if present.spec != spec:
            after = replace(after, spec=spec, revision=batch.revision(write.id), updated_at=now)
        if after == present:
            return Written("unchanged", present, present, write, present.revision)
        batch.changed[write.id] = after
        action = "moved" if after.revision == present.revision else "updated"
        return Written(action, present, after, write, after.revision)

    def _check_references(self, batch: _Batch, item: Written) -> None:
        """Refuse names that lead nowhere, and the removal of what is named."""
        if item.after is None or item.action == "deleting":
            users = [
                user
                for user in batch.users(item.write.id)
                if (found := batch.get(user)) is not None and not found.deleting
            ]
            if users:
                raise InUse(item.write.id, users)
            return
        if item.action == "unchanged":
            return
        problems = []
        for path, target in self._references.named(item.after):
            found = batch.get(target)
            if found is None or found.deleting:
                why = "does not exist" if found is None else "is being deleted"
                problems.append({"path": path, "message": f"{target} {why}"})
        if problems:
            raise InvalidSpec(item.write.id, problems)

    async def _persist(self, connection: "AsyncConnection", changed: Sequence[Written]) -> None:
        """Write rows, revisions and audit entries in the caller's transaction."""
        from sqlalchemy import bindparam

        from hub.storage.tables import resource_revisions, resource_status, resources

        final: dict[str, tuple[Resource | None, Resource | None]] = {}
        for item in changed:
            first = final.get(item.write.id, (item.before, None))[0]
            final[item.write.id] = (first, item.after)
        new = [_row(after) for before, after in final.values() if after and not before]
        known = [_row(after) for before, after in final.values() if after and before]
        gone = [{"row_id": name} for name, (before, after) in final.items() if before and not after]
        if new:
            await connection.execute(resources.insert(), new)
        if known:
            update = resources.update().where(resources.c.id == bindparam("row_id"))
            await connection.execute(update, [{**row, "row_id": row["id"]} for row in known])
        for table in (resources, resource_status) if gone else ():
            await connection.execute(table.delete().where(table.c.id == bindparam("row_id")), gone)
        revisions = [row for item in changed if (row := self._revision_row(item)) is not None]
        if revisions:
            await connection.execute(resource_revisions.insert(), revisions)
            surplus = [
                {"row_id": row["id"], "upto": upto}
                for row in revisions
                if (upto := row["revision"] - self._keep(row["id"].partition("/")[0])) > 0
            ]
            if surplus:
                old = resource_revisions.delete().where(
                    resource_revisions.c.id == bindparam("row_id"),
                    resource_revisions.c.revision <= bindparam("upto"),
                )
                await connection.execute(old, surplus)
        await self._audit.add(connection, *(_entry(item) for item in changed))

    def _revision_row(self, item: Written) -> dict[str, Any] | None:
        """Return the row of history that a change leaves; none when no revision was made."""
        if item.before is not None and item.revision == item.before.revision:
            return None
        gone = item.after is None or item.after.deleting
        words = {"created": "create", "updated": "update"}
        return {
            "id": item.write.id,
            "revision": item.revision,
            "spec": None if gone or item.after is None else dumps(item.after.spec).decode(),
            "action": item.write.action or words.get(item.action, "delete"),
            "note": item.write.note,
            "at": self._clock.time(),
            "user_id": item.write.context.user_id,
            "context_id": item.write.context.id,
        }

    def _publish(self, changed: Sequence[Written]) -> None:
        """Let memory follow the disk, then tell."""
        for item in changed:
            self._last[item.write.id] = item.revision
            if item.after is None:
                self._resources.pop(item.write.id, None)
            else:
                self._resources[item.write.id] = item.after
            self._references.update(item.write.id, item.after)
        if changed:
            try:
                self.published(changed)
            except Exception:
                _LOGGER.exception("What follows resources failed")


def _check_revision(write: Write, present: Resource | None) -> None:
    """Refuse a writer who has not seen the present revision; 0 = it must not exist."""
    if write.if_revision is None:
        return
    current = None if present is None else present.revision
    if write.if_revision != (current or 0):
        raise Conflict(write.id, write.if_revision, current)


def _check_source(write: Write, present: Resource | None) -> None:
    """Keep what comes from a file from being changed elsewhere."""
    if present is None or present.place is None or present.deleting:
        return
    if present.place.file not in write.takes:
        raise FileOwned(write.id, str(present.place))


def _resource(row: Any) -> Resource:
    return Resource(
        type=row.type,
        key=row.id.partition("/")[2],
        spec=loads(row.spec),
        revision=row.revision,
        source=Source(row.source),
        place=None if row.file is None else Place(row.file, row.line),
        deleting=row.deleting,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _row(resource: Resource) -> dict[str, Any]:
    place = resource.place
    return {
        "id": resource.id,
        "type": resource.type,
        "spec": dumps(resource.spec).decode(),
        "revision": resource.revision,
        "source": resource.source.value,
        "file": None if place is None else place.file,
        "line": None if place is None else place.line,
        "deleting": resource.deleting,
        "created_at": resource.created_at,
        "updated_at": resource.updated_at,
    }


def _entry(item: Written) -> Entry:
    """Return what the audit log keeps of a change: who and which revision, no values."""
    action = "resource.delete" if item.action in {"deleting", "deleted"} else "resource.put"
    data: dict[str, Any] = {"change": item.action, "revision": item.revision}
    if item.write.note:
        data["note"] = item.write.note
    return Entry(
        action,
        item.write.id,
        context=item.write.context,
        data=data,
        address=item.write.origin or "",
    )
