"""What a test that ran out of time was waiting for: its tasks, its resources, its peers' words.

The stack that pytest-timeout shows of an asyncio test ends in the selector, which tells nothing.
"""

import asyncio
import io
from collections.abc import Generator
from typing import Any

import pytest

MOST_TASKS = 60
"""Tasks that are shown."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what was under way to the report of a test that ran out of time."""
    report = yield
    error = None if call.excinfo is None else str(call.excinfo.value)
    if error is not None and error.startswith("Timeout ("):
        report.sections.append(("tasks when the time was over", tasks()))
        told: set[int] = set()
        for name, value in getattr(item, "funcargs", {}).items():
            tell = getattr(value, "story", None)
            if tell is not None and id(value) not in told:
                told.add(id(value))
                report.sections.append((f"{name} when the time was over", _told(tell)))
    return report


def tasks() -> str:
    """Return the stack of every task of the process that is not done, of whatever loop."""
    # all_tasks() wants a running loop; the runner's was left by the exception
    known: Any = vars(asyncio.tasks)["_all_tasks"]
    living = [task for task in list(known) if not task.done()]
    out = io.StringIO()
    for task in living[:MOST_TASKS]:
        out.write(f"--- {task.get_name()}\n")
        for frame in _frames(task.get_coro()):
            out.write(f"  {frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}\n")
    if len(living) > MOST_TASKS:
        out.write(f"and {len(living) - MOST_TASKS} more\n")
    return out.getvalue()


def _frames(coro: Any) -> list[Any]:
    """Return the frames of a coroutine and of all that it awaits, outermost first."""
    found: list[Any] = []
    while coro is not None and len(found) < 50:
        frame = getattr(coro, "cr_frame", None) or getattr(coro, "gi_frame", None)
        if frame is not None:
            found.append(frame)
        coro = getattr(coro, "cr_await", None) or getattr(coro, "gi_yieldfrom", None)
    return found


def _told(tell: Any) -> str:
    try:
        return str(tell())
    except Exception as error:  # noqa: BLE001 - the time-out is what has to be shown
        return f"could not be told: {error!r}"
