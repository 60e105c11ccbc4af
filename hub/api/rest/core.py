"""The hub itself over REST: is it there, its configuration, its events."""

from aiohttp import web

from hub.api.answers import json_answer, message_answer
from hub.api.config import components, core_config
from hub.api.routes import HUB, Route, session_of
from hub.const import MAX_EVENT_TYPE_LENGTH, REMOTE
from hub.errors import InvalidFormat
from hub.events import ALL, Context
from hub.util.json import loads


async def alive(request: web.Request) -> web.Response:
    """Say that the API runs; clients compare the words."""
    del request
    return message_answer("API running.").response()


async def config(request: web.Request) -> web.Response:
    """Return the configuration that clients know."""
    return json_answer(core_config(request.app[HUB])).response()


async def state(request: web.Request) -> web.Response:
    """Return where the hub is in its life."""
    recorder = {"migration_in_progress": False, "migration_is_live": False}
    phase = request.app[HUB].phase.value
    return json_answer({"state": phase, "recorder_state": recorder}).response()


async def loaded(request: web.Request) -> web.Response:
    """Return the names of what is loaded."""
    return json_answer(components(request.app[HUB])).response()


async def list_events(request: web.Request) -> web.Response:
    """Return the number of listeners by event type, `*` first."""
    counts = request.app[HUB].bus.counts()
    first = {"event": ALL, "listener_count": counts.pop(ALL, 0)}
    rest = [{"event": name, "listener_count": counts[name]} for name in sorted(counts)]
    return json_answer([first, *rest]).response()


async def fire(request: web.Request) -> web.Response:
    """Fire an event with origin REMOTE."""
    event_type = request.match_info["event_type"]
    if len(event_type) > MAX_EVENT_TYPE_LENGTH:
        raise InvalidFormat(f"Event type is longer than {MAX_EVENT_TYPE_LENGTH} characters")
    body = await request.read()
    data = None
    if body:
        try:
            data = loads(body)
        except ValueError:
            raise InvalidFormat("Event data should be valid JSON.") from None
    if data is not None and not isinstance(data, dict):
        raise InvalidFormat("Event data should be a JSON object")
    context = Context(session_of(request).user.id)
    request.app[HUB].bus.fire(event_type, data, context, REMOTE)
    return message_answer(f"Event {event_type} fired.").response()


ROUTES = (
    Route("GET", "/api/", alive, verb="read"),
    Route("GET", "/api/config", config, verb="read"),
    Route("GET", "/api/core/state", state, verb="read"),
    Route("GET", "/api/components", loaded, verb="read"),
    Route("GET", "/api/events", list_events, verb="read"),
    Route("POST", "/api/events/{event_type}", fire, admin=True, verb="write"),
)
