"""A websocket command is one decorated function; nothing else is registered anywhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.errors import InvalidFormat
from hub.schema import explain

if TYPE_CHECKING:
    from hub.api.websocket.connection import Connection

Message = dict[str, Any]
Handler = Callable[["Connection", Message], Any]
Check = Callable[[Message], bool]

FREE: Final = ("own", "read")
"""Verbs that everybody may use who is logged in: on what is his own, on what he may see."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A result or event that is JSON already."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Then:
    """A result, and what to do right after it was queued (the first event, a close)."""

    result: Any
    action: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Command:
    """A message type with its handler, fields and the right it needs."""

    type: str
    handler: Handler
    schema: vol.Schema | None
    admin: bool
    check: Check | None
    verb: str
    """What it does: `own`, `read`, `control`, `edit`, `write`, `apply` or `call`."""
    door: str | None = None
    """The verb that the user must be able to use on something; None lets everybody in."""

    def validated(self, message: Message) -> Message:
        """Return the message with its fields validated; raises `InvalidFormat`."""
        if self.check is not None and self.check(message):
            return message
        if self.schema is None:
            if len(message) == 2:
                return message
            extra = next(key for key in message if key not in ("id", "type"))
            raise InvalidFormat(f"extra keys not allowed @ data[{extra!r}]")
        fields = {key: value for key, value in message.items() if key not in ("id", "type")}
        try:
            checked: Message = self.schema(fields)
        except vol.Invalid as error:
            raise InvalidFormat(explain(error)) from None
        checked["id"] = message["id"]
        checked["type"] = message["type"]
        return checked


COMMANDS: dict[str, Command] = {}


def command(
    type: str,
    schema: Mapping[Any, Any] | None = None,
    *,
    admin: bool = False,
    verb: str,
    check: Check | None = None,
) -> Callable[[Handler], Handler]:
    """Make a function the handler of a message type.

    `verb` says what it does: something to the caller's `own` account, `read`, `control`, `edit`,
    `write`, `apply` or `call`. Who can never use the verb is refused before the handler is asked;
    `admin` refuses all but administrators. `schema` names the fields beside `id` and `type`; other
    keys are refused. `check` may accept a message without the schema (a fast path for hot
    commands). The function returns the result (`Raw` for bytes, `Then` for something to do after
    it), or is a coroutine function that does; it raises the errors of `hub.errors`.
    """

    def register(handler: Handler) -> Handler:
        if type in COMMANDS:
            raise ValueError(f"websocket command {type} is registered twice")
        compiled = None if schema is None else vol.Schema(dict(schema))
        door = None if verb in FREE else verb
        COMMANDS[type] = Command(type, handler, compiled, admin, check, verb, door)
        return handler

    return register
