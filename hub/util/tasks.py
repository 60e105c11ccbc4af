"""The hub's task group: every background task has a name, a strong reference and an end."""

import asyncio
import logging
from collections.abc import Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeVar

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")


class Tasks:
    """Background tasks that fail one by one, loudly, and end together."""

    def __init__(self) -> None:
        """Start empty."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __len__(self) -> int:
        """Return how many tasks are running."""
        return len(self._tasks)

    def spawn(
        self, coro: Coroutine[Any, Any, T], name: str, *, inherit: bool = False
    ) -> asyncio.Task[T]:
        """Start a coroutine; an exception in it is logged under `name` and goes no further.

        It begins without the context variables of the present task (who acts, from where), for it
        may outlive them by far; `inherit` is for work that somebody waits for.
        """
        if self._closed:
            coro.close()
            raise RuntimeError(f"the hub is stopping, {name} was not started")
        context = copy_context() if inherit else Context()
        task = asyncio.get_running_loop().create_task(coro, name=name, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def close(self, patience: float = 3.0) -> None:
        """Cancel every task and wait up to `patience` seconds for their ends."""
        self._closed = True
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=patience)
            for task in late:
                _LOGGER.warning("Task %s did not end within %s s", task.get_name(), patience)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("Task %s failed", task.get_name(), exc_info=error)
