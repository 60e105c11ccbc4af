"""The log: one line per message on standard error, for people or as JSON.

Rooms log with `logging.getLogger(__name__)`; structlog renders. What comes from outside (a path, a
user name, a topic) can neither begin a line of its own nor steer a terminal, see `text.py`.
structlog is imported by `setup`, not with this module.
"""

import logging
import os
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Any, Final

import orjson

from hub.observe.text import json_safe, one_line, storable

_LOUD: Final = {
    "aiohttp.access": "warning",
    "aiosqlite": "info",
    "alembic": "warning",
    "asyncssh": "warning",
    "watchfiles": "warning",
}
"""Libraries that say at our level what we would say one level below."""

INDENT: Final = "    "
"""In front of every line of a traceback: a line that begins at the edge is a message."""

_META: Final = frozenset({"_record", "_from_structlog", "event", "exc_info", "stack_info"})

Event = Mapping[str, Any]


def setup(
    level: str = "info", levels: Mapping[str, str] | None = None, form: str = "console"
) -> None:
    """Write the log to standard error; `levels` sets the least level of single names.

    `form` is `console` or `json`. May be called again: the last call wins.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(form))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name, least in {**_LOUD, **(levels or {})}.items():
        logging.getLogger(name).setLevel(least.upper())


def formatter(form: str) -> logging.Formatter:
    """Return what turns a record into its line, `console` or `json`."""
    structlog = _import_structlog()
    wrap = structlog.stdlib.ProcessorFormatter.wrap_for_formatter
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, wrap],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    render = _timed
    if form == "json":
        render = _json
    elif "JOURNAL_STREAM" in os.environ:  # the journal has times of its own
        render = _console
    made: logging.Formatter = structlog.stdlib.ProcessorFormatter(processors=[render])
    return made


def form_of(wanted: str, *, production: bool) -> str:
    """Return the form for the setting `logger.format`."""
    if wanted == "auto":
        return "json" if production else "console"
    return wanted


def _import_structlog() -> Any:
    """Import structlog without rich, which it takes along for tracebacks that we do not use.

    rich is there in development only, where it would cost 60 ms and memory.
    """
    hide = "rich" not in sys.modules
    if hide:
        sys.modules["rich"] = None  # type: ignore[assignment] # the import system's word for "no"
    try:
        import structlog
    finally:
        if hide:
            del sys.modules["rich"]
    return structlog


def _json(_logger: object, _method: str, event: Event) -> str:
    """Render one JSON object."""
    record = event["_record"]
    line: dict[str, Any] = {
        "timestamp": f"{_stamp(record.created, time.gmtime, 'T')}Z",
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": event["event"],
        **_extra(event),
    }
    if found := _trace(event):
        line["exception"] = found
    try:
        text = orjson.dumps(line, str).decode()
    except (TypeError, UnicodeError):
        text = orjson.dumps(storable(line), str).decode()
    return json_safe(text)


def _timed(_logger: object, _method: str, event: Event) -> str:
    """Render a line for people, with the local time."""
    stamp = _stamp(event["_record"].created, time.localtime, " ")
    return f"{stamp} {_console(None, '', event)}"


def _console(_logger: object, _method: str, event: Event) -> str:
    """Render a line for people; a traceback follows, indented."""
    record = event["_record"]
    line = f"{record.levelname} {record.name}: {event['event']}"
    if extra := _extra(event):
        line += "".join(f" {key}={value!r}" for key, value in extra.items())
    line = one_line(line)
    if found := _trace(event):
        line = "\n".join([line, *[INDENT + one_line(part) for part in found.split("\n")]])
    return line


def _extra(event: Event) -> dict[str, Any]:
    """Return the values that a structlog logger was given beside the message."""
    if not event["_from_structlog"]:
        return {}
    return {key: value for key, value in event.items() if key not in _META}


def _trace(event: Event) -> str:
    """Return traceback and stack as text of many lines, empty without."""
    found = event.get("exc_info")
    if found is True:
        found = sys.exc_info()
    elif isinstance(found, BaseException):
        found = (type(found), found, found.__traceback__)
    parts = []
    if found and found[0] is not None:
        parts.append("".join(traceback.format_exception(*found)).rstrip("\n"))
    if stack := event.get("stack_info"):
        parts.append(str(stack))
    return "\n".join(parts)


_seconds: dict[tuple[Any, int], str] = {}


def _stamp(created: float, convert: Any, between: str) -> str:
    """Return a time with milliseconds; the part down to the second is kept for its second."""
    whole = int(created)
    key = (convert, whole)
    text = _seconds.get(key)
    if text is None:
        _seconds.clear()
        text = _seconds[key] = time.strftime(f"%Y-%m-%d{between}%H:%M:%S", convert(whole))
    return f"{text}.{int((created - whole) * 1000):03d}"
