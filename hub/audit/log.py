"""The log: rows in the caller's transaction, notes behind, and the walk that proves it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.audit.chain import BROKEN, Chain, Head, Report, Walk, moved_base
from hub.audit.entry import Entry, Result, Row, row_of, user_of
from hub.audit.feed import Feed
from hub.audit.notes import Notes
from hub.audit.query import newest_first, oldest_first
from hub.const import VERSION
from hub.util.json import dumps, loads

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.storage import Database
    from hub.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 0.25
"""How long a note waits for others before it is written."""

FIRST_RETRY: Final = 1.0
LONGEST_RETRY: Final = 60.0
"""Seconds between attempts on a failing disk, doubling from the first to the longest."""

PAGE: Final = 1000
"""Rows that are read and checked at once; the loop turns between two pages."""

PRUNE_BATCH: Final = 5000
DAY: Final = 86400.0

Names = Callable[[str], str | None]
Health = Callable[[str | None], object]


class Audit:
    """Who did what, when, from where, with which result: appended, never changed."""

    def __init__(
        self, database: "Database", clock: "Clock", key: bytes, *, keep_days: float = 365
    ) -> None:
        """Keep the log in `database`, hashed under `key` (32 bytes); rows live `keep_days`."""
        self._database = database
        self._clock = clock
        self._chain = Chain(key)
        self._keep_seconds = keep_days * DAY
        self._notes = Notes()
        self._writer: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self._walking = asyncio.Lock()
        self._pruner: asyncio.Task[None] | None = None
        self._delay = 0.0
        self._feed = Feed(self._after, clock)
        self.names: Names = lambda _user_id: None
        """Finds a user's name by his id; set by the composition root."""
        self.report_health: Health = lambda _problem: None
        """Called with what is wrong, None when it is well again; set by the composition root."""
        self.written = 0
        """Rows appended by this process."""
        database.before_close(self.close)

    @property
    def waiting(self) -> int:
        """Return how many noted rows are not on the disk yet."""
        return len(self._notes)

    # --- writing

    async def add(self, connection: "AsyncConnection", *entries: Entry) -> None:
        """Append entries in the caller's open write transaction; they stand or fall with it.

        The end of the log is read once per call, so nothing is wrong after a rollback.
        """
        if entries:
            await self._append(connection, [self._row(entry) for entry in entries])

    def note(self, entry: Entry) -> None:
        """Append an entry within 0.25 s, equal ones merged with a count; never waits or fails."""
        self._notes.put(self._row(entry))
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._run(), name="audit writer")

    async def flush(self) -> bool:
        """Write what was noted so far; False while the disk fails."""
        return await self._attempt()

    async def close(self) -> None:
        """Write what was noted and stop; a failing disk does not hold it up."""
        for task in (self._writer, self._pruner):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        self._writer = self._pruner = None
        self._feed.close()
        if not await self._attempt():
            _LOGGER.error("%d audit entries could not be written", self.waiting)

    # --- reading

    async def query(
        self,
        *,
        after: int | None = None,
        before: int | None = None,
        action: str | None = None,
        target: str | None = None,
        user_id: str | None = None,
        result: str | None = None,
        since: float | None = None,
        until: float | None = None,
        limit: int = 100,
    ) -> list[dict[str, Any]]:
        """Return rows, newest first, with `after` < seq < `before`.

        `action` and `target` may end in `*`; `since` <= at < `until` are epoch seconds. Raises
        `StorageError`.
        """
        statement = newest_first(
            after=after,
            before=before,
            action=action,
            target=target,
            user_id=user_id,
            result=result,
            since=since,
            until=until,
            limit=limit,
        )
        async with self._database.read() as connection:
            return [_wire(row) for row in (await connection.execute(statement)).mappings()]

    async def export(self, after: int = 0) -> AsyncIterator[bytes]:
        """Yield every row as a line of JSON with its hash, oldest first; raises `StorageError`."""
        while True:
            async with self._database.read() as connection:
                rows = (await connection.execute(oldest_first(after, PAGE))).mappings().all()
            if not rows:
                return
            after = rows[-1]["seq"]
            yield b"".join([dumps(_wire(row) | {"hash": row["hash"]}) + b"\n" for row in rows])

    async def verify(self) -> Report:
        """Prove every row against the chain and the end against the head.

        Reads one snapshot, page by page. Raises `StorageError`.
        """
        async with self._walking, self._database.read() as connection:
            walk = Walk(self._chain, await _document(connection))
            after: int | None = None
            while True:
                found = await connection.execute(oldest_first(after, PAGE))
                rows = found.mappings().all()
                if not rows:
                    return walk.finish()
                after = rows[-1]["seq"]
                walk.feed(rows)
                await asyncio.sleep(0)

    def listen(self, callback: Callable[[list[dict[str, Any]]], object]) -> Callable[[], None]:
        """Call `callback(rows)` soon after rows were committed, oldest first."""
        return self._feed.listen(callback)

    # --- keeping

    def start(self) -> None:
        """Note the start, and drop rows older than the retention, now and once a day."""
        self.note(Entry("hub.start", "hub", data={"version": VERSION}))
        if self._pruner is None:
            self._pruner = asyncio.get_running_loop().create_task(self._keep(), name="audit pruner")

    async def prune(self) -> int:
        """Drop rows that are older than the retention and move the base; return how many."""
        cutoff = self._clock.time() - self._keep_seconds
        total = 0
        while True:
            async with self._database.begin() as connection:
                dropped = await self._drop(connection, cutoff)
                total += dropped
                if dropped < PRUNE_BATCH:
                    if total:
                        entry = Entry("audit.prune", "audit", data={"rows": total})
                        await self.add(connection, entry)
                    return total

    # --- inside

    def _row(self, entry: Entry) -> Row:
        user_id = user_of(entry)
        name = entry.user_name
        if name is None and user_id is not None:
            name = self.names(user_id)
        return row_of(entry, self._clock.time(), user_id, name)

    async def _append(self, connection: "AsyncConnection", rows: Sequence[Row]) -> None:
        from hub.storage.tables import audit, documents

        head, known, problem = await self._head(connection)
        if problem is not None:
            _LOGGER.error("The audit log was changed by another program: %s", problem)
            entry = Entry(BROKEN, "audit", Result.FAILED, data={"reason": problem}, address="")
            rows = [row_of(entry, self._clock.time(), None, None), *rows]
        seq, before = head.seq, head.hash
        for row in rows:
            seq += 1
            row["seq"] = seq
            row["hash"] = before = self._chain.link(before, row)
        await connection.execute(audit.insert(), list(rows))
        data = dumps(self._chain.seal(_moved(head, seq, before))).decode()
        if known:
            where = (documents.c.namespace == "audit", documents.c.key == "head")
            await connection.execute(documents.update().where(*where), {"data": data})
        else:
            row = {"namespace": "audit", "key": "head", "data": data}
            await connection.execute(documents.insert(), row)
        self.written += len(rows)
        self._feed.poke(head.seq + 1, seq)

    async def _head(self, connection: "AsyncConnection") -> tuple[Head, bool, str | None]:
        """Return the head to go on from, whether it is kept, and what is wrong with it."""
        from sqlalchemy import func, select

        from hub.storage.tables import audit, documents

        highest = select(func.max(audit.c.seq)).scalar_subquery()
        where = (documents.c.namespace == "audit", documents.c.key == "head")
        # One statement: each costs several hand-overs to the driver's thread.
        found = (await connection.execute(select(documents.c.data, highest).where(*where))).first()
        if found is None:
            document, last = None, await connection.scalar(select(func.max(audit.c.seq)))
        else:
            document, last = _parsed(found[0]), found[1]
        head = None if document is None else self._chain.open(document)
        if head is not None:
            end = head.base_seq if last is None else int(last)
            if end == head.seq:
                return head, True, None
            if end < head.seq:
                return head, True, f"rows after {end} up to {head.seq} were removed"
            return _moved(head, end, head.hash), True, f"rows after {head.seq} were inserted"
        if document is None and last is None:
            return Head(), False, None
        what = "missing" if document is None else "not what the hub wrote (or its key is another)"
        return Head(int(last or 0)), document is not None, f"the head of the log is {what}"

    async def _run(self) -> None:
        """Write note after note until nothing waits."""
        try:
            while self._notes:
                await self._clock.sleep(max(self._delay, FLUSH_SECONDS))
                await self._attempt()
        finally:
            if self._writer is asyncio.current_task():
                self._writer = None

    async def _attempt(self) -> bool:
        """Write what waits in one transaction; on failure keep it."""
        async with self._writing:
            rows = self._notes.take()
            if not rows:
                return True
            try:
                async with self._database.begin() as connection:
                    await self._append(connection, rows)
            except BaseException as error:
                self._notes.put_back(rows)
                if not isinstance(error, Exception):
                    raise
                self._failed(error)
                return False
            if self._delay:
                self._delay = 0.0
                self.report_health(None)
                _LOGGER.warning("The audit log can be written again")
            return True

    def _failed(self, error: Exception) -> None:
        if not self._delay:
            _LOGGER.error("The audit log can not be written (%s), entries wait in memory", error)
        self._delay = min(LONGEST_RETRY, max(FIRST_RETRY, self._delay * 2))
        self.report_health(f"the audit log can not be written: {error}")

    async def _keep(self) -> None:
        while True:
            try:
                await self.prune()
            except Exception:
                _LOGGER.exception("Old audit rows could not be dropped")
            await self._clock.sleep(DAY)

    async def _drop(self, connection: "AsyncConnection", cutoff: float) -> int:
        """Drop the oldest rows up to the first that is young enough; at most one batch."""
        from sqlalchemy import func, select

        from hub.storage.tables import audit, documents

        head, known, problem = await self._head(connection)
        if not known or problem is not None:
            return 0  # what is damaged is evidence
        young = await connection.scalar(select(func.min(audit.c.seq)).where(audit.c.at >= cutoff))
        last = min(head.seq if young is None else young - 1, head.base_seq + PRUNE_BATCH)
        base = await connection.scalar(select(audit.c.hash).where(audit.c.seq == last))
        if base is None:
            return 0
        dropped = await connection.execute(audit.delete().where(audit.c.seq <= last))
        data = dumps(self._chain.seal(moved_base(head, last, base))).decode()
        where = (documents.c.namespace == "audit", documents.c.key == "head")
        await connection.execute(documents.update().where(*where), {"data": data})
        return int(dropped.rowcount)

    async def _after(self, seq: int) -> list[dict[str, Any]]:
        """Return the next rows behind `seq`, oldest first."""
        async with self._database.read() as connection:
            found = await connection.execute(oldest_first(seq, PAGE))
            return [_wire(row) for row in found.mappings()]


async def _document(connection: "AsyncConnection") -> Any | None:
    """Return the kept head, None when there is none."""
    from sqlalchemy import select

    from hub.storage.tables import documents

    where = (documents.c.namespace == "audit", documents.c.key == "head")
    data = await connection.scalar(select(documents.c.data).where(*where))
    return None if data is None else _parsed(data)


def _parsed(data: Any) -> Any:
    """Return a document; damaged JSON is an empty object."""
    try:
        return loads(data)
    except (TypeError, ValueError):
        return {}


def _moved(head: Head, seq: int, hash: str) -> Head:
    return Head(seq, hash, head.base_seq, head.base_hash)


def _wire(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a row as clients see it: its data parsed, without its hash."""
    try:
        data = loads(row["data"])
    except ValueError:
        data = {}
    return {
        "seq": row["seq"],
        "at": row["at"],
        "action": row["action"],
        "target": row["target"],
        "result": row["result"],
        "user_id": row["user_id"],
        "user_name": row["user_name"],
        "address": row["address"],
        "context_id": row["context_id"],
        "data": data,
    }
