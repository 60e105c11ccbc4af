"""The keys that seal secrets, over REST."""

from aiohttp import web

from hub.api.answers import json_answer, parse_object
from hub.api.routes import HUB, Route, session_of
from hub.api.secrets import rotate_keys
from hub.errors import InvalidFormat
from hub.events import Context


async def rotate(request: web.Request) -> web.Response:
    """Seal every secret with a new key; `{"force": true}` passes over unreadable ones."""
    body = await request.read()
    asked = parse_object(body, other="The body should be a JSON object.") if body else {}
    force = asked.pop("force", False)
    if asked or not isinstance(force, bool):
        raise InvalidFormat("The body knows only `force`, true or false.")
    context = Context(session_of(request).user.id)
    return json_answer(await rotate_keys(request.app[HUB], context, force=force)).response()


ROUTES = (Route("POST", "/api/secrets/rotate", rotate, admin=True, verb="write"),)
