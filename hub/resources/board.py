"""The status of every resource: in memory, its rows following behind."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hub.resources.model import Status
from hub.util.json import dumps, loads

if TYPE_CHECKING:
    from hub.storage import Database

_NEW: Final = Status()
_TABLE: Final = "resource_status"


class Board:
    """What was observed last, by `type/key`; a status is replaced as a whole."""

    def __init__(self, database: "Database", changed: Callable[[str], None]) -> None:
        """Keep rows in `database`; `changed(id)` is called when there is something to tell."""
        self._database = database
        self._changed = changed
        self._statuses: dict[str, Status] = {}

    async def load(self) -> None:
        """Read what was known when the hub stopped; raises `StorageError`."""
        from hub.storage.tables import resource_status

        async with self._database.read() as connection:
            rows = (await connection.execute(resource_status.select())).all()
        self._statuses = {row.id: Status.from_dict(loads(row.data)) for row in rows}

    def get(self, id: str) -> Status:
        """Return the status of a resource; pending when nothing is known."""
        return self._statuses.get(id, _NEW)

    def set(self, id: str, status: Status, *, lasting: bool = True) -> None:
        """Replace a status; a look that found nothing new is not told to anybody.

        One that is not `lasting` follows from the resource alone and needs no row.
        """
        before = self._statuses.get(id, _NEW)
        self._statuses[id] = status
        if replace(before, observed_at=None) == replace(status, observed_at=None):
            return
        if lasting:
            row = {"id": id, "data": dumps(status.as_dict()).decode()}
            self._database.rows.put(_TABLE, id, row)
        self._changed(id)

    def forget(self, id: str) -> None:
        """Drop the status of a resource that is gone."""
        if self._statuses.pop(id, None) is not None:
            self._database.rows.delete(_TABLE, id)
