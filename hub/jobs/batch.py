"""What a transaction writes for jobs, as statements that every database knows."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

LOG: Final = "log"
JOURNAL: Final = "journal"
SETTLED: Final = "settled"
"""Kinds of entries: a line, a note, and the mark that an interrupted job was taken care of."""

Row = Mapping[str, Any]


class Entry(NamedTuple):
    """One row of `job_entries`."""

    job_id: str
    seq: int
    kind: str
    at: float
    data: str


class Batch:
    """What waits to be written: the newest row per job, entries, and what goes."""

    __slots__ = ("deletes", "drops", "lines", "notes", "rows")

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.notes: dict[tuple[str, int], Entry] = {}
        self.lines: dict[tuple[str, int], Entry] = {}
        self.drops: dict[str, int] = {}
        self.deletes: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self.rows or self.notes or self.lines or self.drops or self.deletes)

    def under(self, newer: "Batch") -> None:
        """Come back, below what was added meanwhile."""
        self.rows |= newer.rows
        self.notes |= newer.notes
        self.lines |= newer.lines
        self.drops |= newer.drops
        self.deletes |= newer.deletes


async def write_rows(connection: "AsyncConnection", rows: Mapping[str, Row]) -> None:
    """Insert or update: a delete would take the entries along."""
    from sqlalchemy import bindparam, select

    from hub.storage.tables import jobs as table

    known = set(await connection.scalars(select(table.c.id).where(table.c.id.in_(list(rows)))))
    if new := [dict(row) for job_id, row in rows.items() if job_id not in known]:
        await connection.execute(table.insert(), new)
    if old := [{**row, "row_id": job_id} for job_id, row in rows.items() if job_id in known]:
        await connection.execute(table.update().where(table.c.id == bindparam("row_id")), old)


async def write_entries(connection: "AsyncConnection", batch: Batch, *, replace: bool) -> None:
    """Insert lines and notes; with `replace` each takes the place of what may be there."""
    from sqlalchemy import bindparam

    from hub.storage.tables import job_entries as table

    entries = [*batch.lines.values(), *batch.notes.values()]
    doubtful = [
        {"entry_job": entry.job_id, "entry_seq": entry.seq}
        for entry in entries
        if replace or entry.kind != LOG or entry.seq == 0
    ]
    if doubtful:
        wanted = table.c.job_id == bindparam("entry_job"), table.c.seq == bindparam("entry_seq")
        await connection.execute(table.delete().where(*wanted), doubtful)
    await connection.execute(table.insert(), [entry._asdict() for entry in entries])


async def drop_lines(connection: "AsyncConnection", drops: Mapping[str, int]) -> None:
    """Delete the oldest lines of jobs; the mark that stands for them stays."""
    from hub.storage.tables import job_entries as table

    for job_id, upto in drops.items():
        wanted = (table.c.job_id == job_id) & (table.c.kind == LOG)
        await connection.execute(table.delete().where(wanted, table.c.seq > 0, table.c.seq <= upto))


async def delete_jobs(connection: "AsyncConnection", job_ids: Sequence[str]) -> None:
    """Delete jobs with their entries."""
    from hub.storage.tables import job_entries, jobs

    await connection.execute(job_entries.delete().where(job_entries.c.job_id.in_(job_ids)))
    await connection.execute(jobs.delete().where(jobs.c.id.in_(job_ids)))
