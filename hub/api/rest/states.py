"""States over REST."""

from aiohttp import web

from hub.api.actions import read_state, write_state
from hub.api.answers import Answer, message_answer
from hub.api.routes import HUB, Route, session_of
from hub.errors import NotFound, Unauthorized
from hub.events import Context


async def all_states(request: web.Request) -> web.Response:
    """Return every state that the user may read."""
    user = session_of(request).user
    states = request.app[HUB].states
    if user.rights.reads_all:
        body = states.all_json()
    else:
        readable = [state.json for state in states.all() if user.may("read", state.entity_id)]
        body = b"[%b]" % b",".join(readable)
    response = Answer(body).response()
    response.enable_compression()
    return response


async def one_state(request: web.Request) -> web.Response:
    """Return one state, 404 when there is none."""
    entity_id = request.match_info["entity_id"]
    return read_state(request.app[HUB], session_of(request), entity_id).response()


async def put_state(request: web.Request) -> web.Response:
    """Write a state: 201 when it is new."""
    body = await request.read()
    entity_id = request.match_info["entity_id"]
    return write_state(request.app[HUB], session_of(request), entity_id, body).response()


async def remove_state(request: web.Request) -> web.Response:
    """Forget a state."""
    user = session_of(request).user
    if not user.may("edit", request.match_info["entity_id"]):
        raise Unauthorized
    context = Context(user.id)
    if not request.app[HUB].states.remove(request.match_info["entity_id"], context):
        raise NotFound("Entity not found.")
    return message_answer("Entity removed.").response()


ROUTES = (
    Route("GET", "/api/states", all_states, verb="read"),
    Route("GET", "/api/states/{entity_id}", one_state, verb="read"),
    Route("POST", "/api/states/{entity_id}", put_state, admin=True, verb="edit"),
    Route("DELETE", "/api/states/{entity_id}", remove_state, admin=True, verb="edit"),
)
