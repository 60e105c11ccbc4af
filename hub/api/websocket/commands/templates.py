"""Templates that are rendered for a client, and again when what they read changes."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import voluptuous as vol

from hub.api.websocket.command import Message, Raw, Then, command
from hub.api.websocket.connection import Connection
from hub.errors import NotAllowed
from hub.schema import boolean, positive_seconds
from hub.templates import Rendered, TemplateError
from hub.util.json import dumps, dumps_lenient

if TYPE_CHECKING:
    from hub.auth import User
    from hub.templates import Tracker

MAX_FOLLOWED: Final = 256
"""Templates that one client may follow at once."""

MAX_SECONDS: Final = 1.0
"""The longest time that a client may ask for; the house stands still meanwhile."""

_FOLLOWED: dict[Connection, int] = {}


@command(
    "render_template",
    {
        vol.Required("template"): vol.All(str, vol.Length(min=1)),
        vol.Optional("entity_ids"): vol.Any(str, [str]),
        vol.Optional("variables"): dict,
        vol.Optional("timeout"): positive_seconds,
        vol.Optional("strict", default=False): boolean,
        vol.Optional("report_errors", default=False): boolean,
    },
    verb="read",
)
def render_template(connection: Connection, message: Message) -> Then:
    """Send the result of a template, and each other result from then on.

    `entity_ids` of older clients are not needed: what the template reads is known.
    """
    if _FOLLOWED.get(connection, 0) >= MAX_FOLLOWED:
        raise NotAllowed(f"A client may follow {MAX_FOLLOWED} templates at once; end some first")
    hub = connection.hub
    template = hub.templates.compile(message["template"])
    user, message_id = connection.user, message["id"]
    report = message["report_errors"]
    wanted = message.get("timeout")
    timeout = None if wanted is None else min(wanted, MAX_SECONDS)

    def told(found: Rendered | TemplateError) -> None:
        if (event := _event(found, report=report)) is not None:
            connection.send_event(message_id, event)

    tracker = hub.templates.track(
        template,
        told,
        message.get("variables"),
        reader=user,
        strict=message["strict"],
        timeout=timeout,
    )
    first = tracker.last
    if wanted is not None and isinstance(first, TemplateError) and first.late:
        tracker.stop()
        raise TemplateError(f"Exceeded maximum execution time of {wanted:g}s")
    stop = _ended_by(connection, tracker, user)

    def start() -> None:
        connection.subscribe(message_id, stop)
        if first is not None:
            told(first)

    return Then(None, start)


def _event(found: Rendered | TemplateError, *, report: bool) -> Raw | None:
    """Return what the client is told; a failure only when it asked for that."""
    if isinstance(found, TemplateError):
        return Raw(dumps({"error": found.message, "level": "ERROR"})) if report else None
    result = dumps_lenient(found.result, "the result of a template")
    return Raw(b'{"result":%b,"listeners":%b}' % (result, dumps(found.listeners)))


def _ended_by(connection: Connection, tracker: "Tracker", user: "User") -> Callable[[], None]:
    """Count the tracker, look anew when entities come into sight, and return what ends it."""
    _FOLLOWED[connection] = _FOLLOWED.get(connection, 0) + 1

    def moved(users: "list[User]") -> None:
        if user in users:
            asyncio.get_running_loop().call_soon(tracker.refresh)

    forget = connection.hub.auth.policies.listen_moved(moved)

    def stop() -> None:
        tracker.stop()
        forget()
        left = _FOLLOWED.pop(connection, 1) - 1
        if left > 0:
            _FOLLOWED[connection] = left

    return stop
