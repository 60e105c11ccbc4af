"""Counts requests by the template of their route and how they ended, with their time."""

from time import perf_counter
from typing import Final

from aiohttp import web

from hub.api.routes import HUB, Handler

NO_ROUTE: Final = "(none)"
"""What is counted for paths without a route, the files of the page among them."""

_UPGRADED: Final = 101


@web.middleware
async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count a request; a websocket's life is no request's time."""
    began = perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        seconds = None if status == _UPGRADED else perf_counter() - began
        request.app[HUB].metrics.request(request.method, template(request), status, seconds)
    return response


def template(request: web.Request) -> str:
    """Return the route's path with its variables' names, never what a client wrote."""
    info = request.match_info
    if info.http_exception is not None or info.route.resource is None:
        return NO_ROUTE
    return info.route.resource.canonical
