"""What waits to be written: bounded, equal entries counted instead of repeated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.audit.entry import Entry, Result, Row, row_of
from hub.util.json import dumps, loads

MAX_WAITING: Final = 2048
"""Different entries that may wait. Past it the oldest become one `audit.overflow` row."""

OVERFLOW: Final = "audit.overflow"

_SAME: Final = ("action", "target", "result", "user_id", "user_name", "address", "data")


@dataclass(slots=True)
class _Waiting:
    row: Row
    count: int = 1
    last: float = 0.0


class Notes:
    """The entries that were noted and are not in the log yet, oldest first."""

    def __init__(self) -> None:
        """Start empty."""
        self._waiting: dict[tuple[Any, ...], _Waiting] = {}
        self._lost = 0
        self._lost_first = 0.0
        self._lost_last = 0.0

    def __len__(self) -> int:
        """Return how many rows would be written now."""
        return len(self._waiting) + (1 if self._lost else 0)

    def put(self, row: Row) -> None:
        """Keep a row; one that equals a waiting one (but for time and context) is counted."""
        key = tuple([row[name] for name in _SAME])
        found = self._waiting.get(key)
        if found is not None:
            found.count += 1
            found.last = row["at"]
            return
        if len(self._waiting) >= MAX_WAITING:
            self._drop_oldest()
        self._waiting[key] = _Waiting(row, last=row["at"])

    def take(self) -> list[Row]:
        """Take everything out as rows ready to be written, oldest first."""
        rows = []
        if self._lost:
            data = {"count": self._lost, "last_at": self._lost_last}
            entry = Entry(OVERFLOW, "audit", Result.FAILED, data=data, address="")
            rows.append(row_of(entry, self._lost_first, None, None))
            self._lost = 0
        for item in self._waiting.values():
            row = item.row
            if item.count > 1:
                data = loads(row["data"]) | {"count": item.count, "last_at": item.last}
                row = {**row, "data": dumps(data).decode()}
            rows.append(row)
        self._waiting.clear()
        return rows

    def put_back(self, rows: Sequence[Row]) -> None:
        """Keep rows whose writing failed, in front of those that came meanwhile."""
        newer, self._waiting = self._waiting, {}
        for row in rows:
            data = loads(row["data"])
            count = data.pop("count", 1)
            last = data.pop("last_at", row["at"])
            if row["action"] == OVERFLOW:
                self._lose(count, row["at"], last)
                continue
            plain = {**row, "data": dumps(data).decode()}
            self._waiting[tuple([plain[name] for name in _SAME])] = _Waiting(plain, count, last)
        for key, item in newer.items():
            found = self._waiting.get(key)
            if found is None:
                self._waiting[key] = item
            else:
                found.count += item.count
                found.last = item.last
        while len(self._waiting) > MAX_WAITING:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        item = self._waiting.pop(next(iter(self._waiting)))
        self._lose(item.count, item.row["at"], item.last)

    def _lose(self, count: int, first: float, last: float) -> None:
        self._lost_first = min(self._lost_first, first) if self._lost else first
        self._lost_last = max(self._lost_last, last) if self._lost else last
        self._lost += count
