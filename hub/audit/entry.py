"""What is written down: one entry, and the row that it becomes."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from hub.events import ORIGIN, Context
from hub.util.json import dumps, dumps_lenient

ACTOR: Final[ContextVar[str | None]] = ContextVar("actor", default=None)
"""The user id that the present task works for.

Set by the door that lets him in, read for entries without a context.
"""

MAX_TEXT: Final = 256
"""Characters of a target, an action, a name or an address; the rest is cut off."""

MAX_DATA: Final = 8192
"""Bytes of an entry's data as JSON; what is larger is left out and its size told."""

Row = dict[str, Any]


class Result(StrEnum):
    """How it ended."""

    OK = "ok"
    DENIED = "denied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done or tried.

    `action` is a word such as `resource.put`, `target` what it was done to. Without an `address`
    it is that of the present task (`hub.events.ORIGIN`); an empty one means the house itself.
    `data` never holds a secret.
    """

    action: str
    target: str
    result: Result = Result.OK
    context: Context | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    address: str | None = None
    user_name: str | None = None


def row_of(entry: Entry, at: float, user_id: str | None, user_name: str | None) -> Row:
    """Return an entry's row without its place in the chain; `at` in epoch seconds."""
    address = entry.address if entry.address is not None else ORIGIN.get()
    return {
        "at": at,
        "action": _short(entry.action),
        "target": _short(entry.target),
        "result": entry.result.value,
        "user_id": user_id,
        "user_name": None if user_name is None else _short(user_name),
        "address": _short(address) if address else None,
        "context_id": None if entry.context is None else entry.context.id,
        "data": _data(entry),
    }


def user_of(entry: Entry) -> str | None:
    """Return the id of the user behind an entry: its context's, else the present task's."""
    return ACTOR.get() if entry.context is None else entry.context.user_id


def _data(entry: Entry) -> str:
    if not entry.data:
        return "{}"
    text = dumps_lenient(dict(entry.data), f"Audit data of {entry.action}")
    if len(text) > MAX_DATA:
        return dumps({"omitted_bytes": len(text)}).decode()
    return text.decode()


def _short(text: str) -> str:
    """Cut a text to what fits, and make it storable: lone surrogates have no UTF-8 form."""
    return text[:MAX_TEXT].encode("utf-8", "replace").decode()
