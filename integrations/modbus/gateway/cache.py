"""Words that passed over a line lately, for programs that may have them a little old."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from integrations.modbus.mapping.models import Table

LIMIT: Final = 32_768
"""Words and bits that are kept; the oldest go."""
_TABLES: Final = {table: number for number, table in enumerate(Table)}


class Cache:
    """The newest item of each (unit, table, address), with its monotonic time."""

    def __init__(self, monotonic: Callable[[], float], limit: int = LIMIT) -> None:
        """Start empty."""
        self._monotonic = monotonic
        self._limit = limit
        self._items: OrderedDict[int, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many words and bits are kept."""
        return len(self._items)

    def keep(self, unit: int, table: Table, first: int, items: Sequence[int]) -> None:
        """Remember what was read just now."""
        kept, now = self._items, self._monotonic()
        for key, item in enumerate(items, _key(unit, table, first)):
            kept[key] = (now, int(item))
            kept.move_to_end(key)
        while len(kept) > self._limit:
            kept.popitem(last=False)

    def forget(self, unit: int, table: Table, first: int, count: int) -> None:
        """Drop what was written: only the device knows what it made of it; unit 0 = all units."""
        if unit == 0:
            self._items.clear()
            return
        start = _key(unit, table, first)
        for key in range(start, start + count):
            self._items.pop(key, None)

    def find(
        self, unit: int, table: Table, first: int, count: int, max_age: float
    ) -> list[int] | None:
        """Return all items of a span when none is older than `max_age` seconds, else None."""
        oldest = self._monotonic() - max_age
        start = _key(unit, table, first)
        found: list[int] = []
        for key in range(start, start + count):
            at, item = self._items.get(key, _NEVER)
            if at < oldest:
                return None
            found.append(item)
        return found


_NEVER: Final = (float("-inf"), 0)


def _key(unit: int, table: Table, address: int) -> int:
    return (unit * len(_TABLES) + _TABLES[table]) * 65536 + address
