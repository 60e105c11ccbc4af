"""What waits to be written: bounded by rows and bytes, oldest unimportant rows go first."""

import logging
from collections import deque
from itertools import compress
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hub.events import Context

_LOGGER = logging.getLogger(__name__)

MAX_ROWS: Final = 65_000
MAX_BYTES: Final = 64 << 20
ROW_BYTES: Final = 350
"""What a row takes in memory beside its attributes, roughly."""

LOW: Final = 0
NORMAL: Final = 1
HIGH: Final = 2

Item: TypeAlias = (
    "tuple[int, str | None, int, str | None, bytes | None, int | None, Context | None, int, int]"
)
"""(serial, entity id, time, state, attributes, changed, context, priority, bytes).

Times are microseconds; no state = removed; no changed = the same as time. An event has no entity
id, its type in place of the state and its data in place of the attributes.
"""

SERIAL: Final = 0
ENTITY: Final = 1
TIME: Final = 2
TEXT: Final = 3
BLOB: Final = 4
PRIORITY: Final = 7
COST: Final = 8


class Queue:
    """Rows in the order in which they happened."""

    def __init__(self, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> None:
        """Hold up to so much; the last value of each entity is never dropped for it."""
        self.serial = 0
        """Number of the row that was put last."""
        self.dropped = 0
        """Rows given up for want of room."""
        self.bytes = 0
        self.told: Callable[[int], object] = lambda _count: None
        """Called with the number of waiting rows after each that is put."""
        self._items: deque[Item] = deque()
        self._taken: Sequence[Item] = ()
        self._renames: list[tuple[str, str]] = []
        """Made while rows were taken, to be applied when they come back."""
        self._max_rows, self._max_bytes = max_rows, max_bytes
        self._tolerated = 0

    def __len__(self) -> int:
        """Return how many rows wait, those being written included."""
        return len(self._items) + len(self._taken)

    def put(
        self,
        entity_id: str | None,
        time: int,
        text: str | None,
        blob: bytes | None,
        changed: int | None,
        context: "Context | None",
        priority: int,
        cost: int,
    ) -> None:
        """Add a row; `cost` are the bytes of attributes that no other row shares."""
        self.serial = serial = self.serial + 1
        cost += ROW_BYTES
        items = self._items
        items.append((serial, entity_id, time, text, blob, changed, context, priority, cost))
        self.bytes += cost
        count = len(items) + len(self._taken)
        if (count > self._max_rows or self.bytes > self._max_bytes) and count > self._tolerated:
            self._shed()
        self.told(count)

    def take(self, count: int) -> "Sequence[Item]":
        """Return up to `count` of the oldest rows, to be given back or committed."""
        items = self._items
        self._taken = [items.popleft() for _ in range(min(count, len(items)))]
        return self._taken

    def give_back(self) -> None:
        """Put what was taken in front again."""
        taken = self._taken
        for old, new in self._renames:
            taken = [_renamed(item, old, new) for item in taken]
        self._renames.clear()
        self._items.extendleft(reversed(taken))
        self._taken = ()

    def committed(self) -> None:
        """Forget what was taken: it is in the database, or the database refused it."""
        self.bytes -= sum([item[COST] for item in self._taken])
        self._taken = ()
        self._renames.clear()

    def settled(self, serial: int) -> bool:
        """Tell whether no row up to this serial number waits."""
        items = self._taken or self._items
        return not items or items[0][SERIAL] > serial

    def rename(self, old: str, new: str) -> None:
        """Give what waits for an entity to its new id, and what waited for that to the old one."""
        if self._taken:
            self._renames.append((old, new))
        if any(item[ENTITY] in (old, new) for item in self._items):
            self._items = deque(_renamed(item, old, new) for item in self._items)

    def clear(self) -> None:
        """Forget everything; it counts as dropped."""
        self.dropped += len(self)
        self._items.clear()
        self._taken = ()
        self.bytes = 0

    def _shed(self) -> None:
        """Drop a tenth: low priority first, oldest first, never the last value of an entity."""
        items = list(self._items)
        rows = len(self) - self._max_rows * 9 // 10
        over = self.bytes - self._max_bytes * 9 // 10
        last = {item[ENTITY]: item[SERIAL] for item in items}
        keep = [True] * len(items)
        before = self.dropped
        for level in (LOW, NORMAL, HIGH):
            for index, item in enumerate(items):
                if rows <= 0 and over <= 0:
                    break
                entity_id = item[ENTITY]
                if item[PRIORITY] != level or (
                    entity_id is not None and last[entity_id] == item[SERIAL]
                ):
                    continue
                keep[index] = False
                rows -= 1
                over -= item[COST]
                self.bytes -= item[COST]
                self.dropped += 1
        if not before:
            _LOGGER.warning(
                "The recorder can not keep up or its database is away: of what waits the oldest "
                "rows are dropped, the last value of each entity is kept"
            )
        self._items = deque(compress(items, keep))
        self._tolerated = len(self) * 11 // 10


def _renamed(item: Item, old: str, new: str) -> Item:
    serial, entity_id, *_ = item
    if entity_id not in (old, new):
        return item
    _, _, time, text, blob, changed, context, priority, cost = item
    entity_id = new if entity_id == old else old
    return (serial, entity_id, time, text, blob, changed, context, priority, cost)
