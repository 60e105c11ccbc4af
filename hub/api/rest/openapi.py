"""The documents that describe the API."""

from functools import cache

from aiohttp import web

from hub.api.answers import json_answer
from hub.api.contract import asyncapi_document, openapi_document
from hub.api.routes import HUB, Route
from hub.api.websocket.command import COMMANDS


async def openapi(request: web.Request) -> web.Response:
    """Return the OpenAPI document of REST; `components.schemas` has the spec of each type."""
    from hub.api.rest import all_routes

    types = request.app[HUB].resources.types.all()
    response = json_answer(openapi_document(all_routes(), types)).response()
    response.enable_compression()
    return response


async def asyncapi(request: web.Request) -> web.Response:
    """Return the AsyncAPI document of the websocket."""
    del request
    response = json_answer(_asyncapi()).response()
    response.enable_compression()
    return response


@cache
def _asyncapi() -> dict[str, object]:
    return asyncapi_document(COMMANDS)


ROUTES = (
    Route("GET", "/api/openapi.json", openapi, verb="read"),
    Route("GET", "/api/asyncapi.json", asyncapi, verb="read"),
)
