"""The newest warnings and errors over REST."""

from aiohttp import web

from hub.api.answers import json_answer
from hub.api.routes import HUB, Route


async def entries(request: web.Request) -> web.Response:
    """Return warnings and errors, the newest first."""
    return json_answer(request.app[HUB].system_log.list()).response()


async def clear(request: web.Request) -> web.Response:
    """Forget them."""
    request.app[HUB].system_log.clear()
    return json_answer({}).response()


ROUTES = (
    Route("GET", "/api/system_log", entries, admin=True, verb="read"),
    Route("DELETE", "/api/system_log", clear, admin=True, verb="edit"),
)
