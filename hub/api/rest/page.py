"""The page and its manifest."""

from aiohttp import web

from hub.api.answers import Answer
from hub.api.routes import HUB, PAGE, Route
from hub.util.json import dumps


async def shell(request: web.Request) -> web.StreamResponse:
    """Show the page."""
    return request.app[PAGE].shell(request)


async def manifest(request: web.Request) -> web.StreamResponse:
    """Return what a browser needs to install the page as an app."""
    file = request.app[PAGE].find("/manifest.json")
    if file is not None:
        response = request.app[PAGE].response(request, file)
        response.content_type = "application/manifest+json"
        return response
    name = request.app[HUB].settings.hub.name
    body = {"name": name, "short_name": name, "start_url": "/", "display": "standalone"}
    return Answer(dumps(body), content_type="application/manifest+json").response()


ROUTES = (
    Route("GET", "/", shell),
    Route("GET", "/manifest.json", manifest),
)
