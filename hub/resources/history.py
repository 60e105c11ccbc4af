"""Old revisions: read from the database when somebody asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.errors import NotFound
from hub.resources.sealing import hidden
from hub.util.json import loads

if TYPE_CHECKING:
    from hub.resources.store import Store
    from hub.storage import Database

Name = Callable[[str | None], str | None]


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a resource; `spec` None = it was deleted."""

    revision: int
    action: str
    """create, update, rollback or delete."""
    note: str | None
    at: float
    user_id: str | None
    user_name: str | None
    spec: dict[str, Any] | None

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "revision": self.revision,
            "action": self.action,
            "note": self.note,
            "at": self.at,
            "user_id": self.user_id,
            "user_name": self.user_name,
            "spec": self.spec,
        }


class History:
    """The revisions that are kept, also of what was deleted."""

    def __init__(self, database: "Database", store: "Store") -> None:
        """Read from `database`."""
        self._database = database
        self._store = store

    async def authors(self, type: str, key: str | None = None) -> dict[str, str | None]:
        """Return who wrote the present revision of a type's resources, by id."""
        from sqlalchemy import and_, select

        from hub.storage.tables import resource_revisions as old
        from hub.storage.tables import resources as now

        query = (
            select(now.c.id, old.c.user_id)
            .join(old, and_(old.c.id == now.c.id, old.c.revision == now.c.revision))
            .where(now.c.type == type)
        )
        if key is not None:
            query = query.where(now.c.id == f"{type}/{key}")
        async with self._database.read() as connection:
            return {row.id: row.user_id for row in await connection.execute(query)}

    async def all(self, id: str, name: Name) -> list[Revision]:
        """Return every kept revision, newest first; raises `NotFound`."""
        from hub.storage.tables import resource_revisions as table

        query = table.select().where(table.c.id == id).order_by(table.c.revision.desc())
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        if not rows:
            raise NotFound(f"There is no {id}, and there never was")
        return [_revision(row, name) for row in rows]

    async def one(self, id: str, revision: int, name: Name) -> Revision:
        """Return one revision; raises `NotFound`."""
        return _revision(await self._row(id, revision), name)

    async def stored(self, id: str, revision: int) -> dict[str, Any] | None:
        """Return the stored spec of a revision, None when it was a removal; raises `NotFound`."""
        row = await self._row(id, revision)
        if row.spec is None:
            return None
        found: dict[str, Any] = loads(row.spec)
        return found

    async def _row(self, id: str, revision: int) -> Any:
        from hub.storage.tables import resource_revisions as table

        query = table.select().where(table.c.id == id, table.c.revision == revision)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise NotFound(f"{id} has no revision {revision}; see its history")
        return row


def _revision(row: Any, name: Name) -> Revision:
    return Revision(
        revision=row.revision,
        action=row.action,
        note=row.note,
        at=row.at,
        user_id=row.user_id,
        user_name=name(row.user_id),
        spec=None if row.spec is None else hidden(loads(row.spec)),
    )
