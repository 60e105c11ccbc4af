"""One loop of polled data for many entities: listeners, back-off, one log line per change."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from hub.errors import HubError, TimedOut, Unavailable

if TYPE_CHECKING:
    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")

MAX_BACKOFF: Final = 600.0


class Coordinator(Generic[T]):
    """Fetches data every `interval` seconds, or takes pushed data, and tells its listeners."""

    def __init__(
        self,
        hub: "Hub",
        name: str,
        fetch: Callable[[], Awaitable[T]] | None = None,
        interval: float = 30.0,
        timeout: float = 10.0,
    ) -> None:
        """Poll with `fetch` (seconds for interval and time-out), or only take `push`."""
        self.data: T | None = None
        self.error: HubError | None = None
        self.name = name
        self._hub = hub
        self._fetch = fetch
        self._interval = interval
        self._timeout = timeout
        self._failures = 0
        self._listeners: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def available(self) -> bool:
        """Tell whether the newest attempt succeeded."""
        return self.error is None and self.data is not None

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback()` after new data and after a failure; returns the unsubscribe."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    async def start(self) -> None:
        """Fetch once, raising what that raises, then go on in the background."""
        await self.refresh()
        if self.error is not None:
            raise self.error
        self._task = self._hub.tasks.spawn(self._loop(), f"coordinator {self.name}")

    async def stop(self) -> None:
        """End the background loop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def refresh(self) -> None:
        """Fetch now; a failure becomes `error` and is logged once per outage."""
        if self._fetch is None:
            return
        try:
            async with asyncio.timeout(self._timeout):
                data = await self._fetch()
        except TimeoutError:
            self.fail(TimedOut(f"{self.name} did not answer within {self._timeout:g} s"))
        except HubError as error:
            self.fail(error)
        except OSError as error:
            self.fail(Unavailable(f"{self.name}: {error}"))
        except Exception as error:
            _LOGGER.exception("%s failed in an unexpected way", self.name)
            self.fail(HubError(f"{self.name}: {type(error).__name__}"))
        else:
            self.push(data)

    def push(self, data: T) -> None:
        """Take new data and tell the listeners."""
        if self.error is not None:
            _LOGGER.info("%s is back", self.name)
        self.data, self.error, self._failures = data, None, 0
        self._tell()

    def fail(self, error: HubError) -> None:
        """Note a failure and tell the listeners."""
        if self.error is None:
            _LOGGER.warning("%s failed: %s", self.name, error)
        self.error = error
        self._failures += 1
        self._tell()

    def _tell(self) -> None:
        for callback in tuple(self._listeners):
            try:
                callback()
            except Exception:
                _LOGGER.exception("A listener of %s failed", self.name)

    async def _loop(self) -> None:
        while True:
            backoff = self._interval * 2 ** min(self._failures, 10) if self._failures else 0
            delay = min(max(self._interval, backoff), max(MAX_BACKOFF, self._interval))
            await self._hub.clock.sleep(delay * random.uniform(0.95, 1.05))  # noqa: S311 - jitter
            await self.refresh()
