"""Tells listeners of new rows, once they are committed.

Rows are appended inside transactions of others, so the log itself is asked what has arrived.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hub.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

WAITS: Final = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.0)
"""Seconds between looks for rows whose transaction is open; then they count as rolled back."""

Rows = list[dict[str, Any]]
Listener = Callable[[Rows], object]
After = Callable[[int], Awaitable[Rows]]


class Feed:
    """Reads what is new while somebody listens."""

    def __init__(self, after: After, clock: "Clock") -> None:
        """Read the rows behind a seq with `after`."""
        self._after = after
        self._clock = clock
        self._listeners: list[Listener] = []
        self._task: asyncio.Task[None] | None = None
        self._seen: int | None = None
        self._wanted = 0

    def listen(self, callback: Listener) -> Callable[[], None]:
        """Call `callback(rows)` for rows that are appended from now on."""
        self._listeners.append(callback)

        def unsubscribe() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)
            if not self._listeners:
                self._seen = None

        return unsubscribe

    def poke(self, first: int, last: int) -> None:
        """Expect the rows `first` to `last` soon."""
        if not self._listeners:
            return
        if self._seen is None:
            self._seen = first - 1
        self._wanted = last
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="audit feed")

    def close(self) -> None:
        """Stop looking."""
        self._listeners.clear()
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            wanted, attempt = self._wanted, 0
            while self._listeners and self._seen is not None and self._seen < self._wanted:
                if self._wanted != wanted:
                    wanted, attempt = self._wanted, 0
                if attempt == len(WAITS):
                    break
                await self._clock.sleep(WAITS[attempt])
                attempt += 1
                rows = await self._after(self._seen)
                if rows:
                    self._seen = rows[-1]["seq"]
                    self._tell(rows)
        except Exception:
            _LOGGER.exception("New audit rows could not be read")
        finally:
            self._task = None

    def _tell(self, rows: Rows) -> None:
        for listener in list(self._listeners):
            try:
                listener(rows)
            except Exception:
                _LOGGER.exception("A listener for audit rows failed")
