"""The newest warnings and errors, equal ones counted: what `system_log` shows."""

import asyncio
import contextlib
import logging
import threading
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hub.observe.text import one_line

KEPT: Final = 200
"""Different messages that are kept; the one that was quiet for longest goes first."""

TEXTS: Final = 5
"""Texts of one place that are kept, such as the same failure of several devices."""

MAX_TEXT: Final = 4096

Told = Callable[[dict[str, Any]], object]
Key = tuple[str, str, str, int, str]


@dataclass(slots=True)
class LogEntry:
    """What was logged at one place of the code."""

    name: str
    level: str
    source: tuple[str, int]
    exception: str
    first_occurred: float
    timestamp: float
    messages: deque[str] = field(default_factory=lambda: deque(maxlen=TEXTS))
    count: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form, as `system_log/list` has it."""
        return {
            "name": self.name,
            "message": list(self.messages),
            "level": self.level,
            "source": list(self.source),
            "timestamp": self.timestamp,
            "exception": self.exception,
            "count": self.count,
            "first_occurred": self.first_occurred,
        }


class SystemLog(logging.Handler):
    """A handler that keeps warnings and errors of all names."""

    def __init__(self) -> None:
        """Keep nothing until `start`."""
        super().__init__(logging.WARNING)
        self._entries: OrderedDict[Key, LogEntry] = OrderedDict()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._telling = False
        self.told: Told | None = None
        """Called on the loop with each entry as it is now; what that logs is kept, not told."""
        self.counts = {"warning": 0, "error": 0, "critical": 0}
        """All that was logged, by level."""

    def start(self) -> None:
        """Begin to listen to the root logger."""
        self._loop = asyncio.get_running_loop()
        logging.getLogger().addHandler(self)

    def stop(self) -> None:
        """Stop listening; what was kept stays readable."""
        logging.getLogger().removeHandler(self)
        self._loop = None

    def list(self) -> list[dict[str, Any]]:
        """Return every entry, the newest first."""
        with self.lock or threading.RLock():
            return [entry.as_dict() for entry in reversed(self._entries.values())]

    def clear(self) -> None:
        """Forget all entries."""
        with self.lock or threading.RLock():
            self._entries.clear()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record; called with the handler's lock held, from any thread."""
        try:
            entry = self._keep(record)
        except Exception:  # noqa: BLE001 - a record that can not be kept must not break its logger
            self.handleError(record)
            return
        if self.told is None or self._loop is None or self._telling:
            return
        # Never at once: whoever logs is in the middle of something.
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._tell, entry.as_dict())

    def _keep(self, record: logging.LogRecord) -> LogEntry:
        level = record.levelname.lower()
        if level in self.counts:
            self.counts[level] += 1
        file = "/".join(Path(record.pathname).parts[-3:])
        text, cause = _traceback(record)
        key = (record.name, level, file, record.lineno, cause)
        entry = self._entries.get(key)
        if entry is None:
            if len(self._entries) >= KEPT:
                self._entries.popitem(last=False)
            source = (file, record.lineno)
            entry = LogEntry(record.name, level, source, text, record.created, record.created)
            self._entries[key] = entry
        self._entries.move_to_end(key)
        message = one_line(record.getMessage()[:MAX_TEXT])
        if message in entry.messages:
            entry.messages.remove(message)
        entry.messages.append(message)
        entry.count += 1
        entry.timestamp = record.created
        entry.exception = text
        return entry

    def _tell(self, entry: dict[str, Any]) -> None:
        if self.told is None:
            return
        self._telling = True
        try:
            self.told(entry)
        finally:
            self._telling = False


def _traceback(record: logging.LogRecord) -> tuple[str, str]:
    """Return the traceback as harmless text, and the name of its exception."""
    found = record.exc_info
    if not found or found[0] is None:
        return "", ""
    lines = "".join(traceback.format_exception(*found)).splitlines()
    return "\n".join(map(one_line, lines))[: 4 * MAX_TEXT], found[0].__name__
