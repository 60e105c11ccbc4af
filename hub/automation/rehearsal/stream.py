"""Reads a record some rows at a time, one row ahead."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final, Generic, TypeVar

READ_ROWS: Final = 512
"""Rows that are taken from the record at once."""

T = TypeVar("T")


class Head(Generic[T]):
    """The next item of a stream, which is read some items at a time.

    A read that has begun is never cut off, for that would lose its connection to the database.
    """

    def __init__(self, items: AsyncIterator[T]) -> None:
        self._items = items
        self._ready: deque[T] = deque()
        self._reading: asyncio.Task[bool] | None = None
        self._ended = False
        self.value: T | None = None
        """None = there is no more."""

    async def next(self) -> None:
        """Go on to the next item."""
        if not self._ready and not self._ended:
            self._reading = asyncio.get_running_loop().create_task(self._read())
            self._ended = await asyncio.shield(self._reading)
        self.value = self._ready.popleft() if self._ready else None

    async def _read(self) -> bool:
        """Read on; True = that was all."""
        while len(self._ready) < READ_ROWS:
            try:
                self._ready.append(await anext(self._items))
            except StopAsyncIteration:
                return True
        return False

    async def close(self) -> None:
        """Read no more."""
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)
        if isinstance(self._items, AsyncGenerator):
            await self._items.aclose()
