"""Services over REST."""

import asyncio

from aiohttp import web

from hub.api.actions import call_service
from hub.api.answers import Answer, json_answer
from hub.api.routes import CHANGES, HUB, Route, session_of


async def list_services(request: web.Request) -> web.Response:
    """Return every service with its fields, by domain."""
    described = request.app[HUB].services.describe()
    response = json_answer(
        [{"domain": domain, "services": services} for domain, services in described.items()]
    ).response()
    response.enable_compression()
    return response


async def call(request: web.Request) -> web.Response:
    """Call a service and return the states it changed, with `?return_response` also its answer."""
    path = (request.match_info["domain"], request.match_info["service"])
    result = call_service(
        request.app[HUB],
        session_of(request),
        request.app[CHANGES],
        path,
        await request.read(),
        "return_response" in request.query,
    )
    answer = result if isinstance(result, Answer) else await asyncio.shield(result)
    return answer.response()


ROUTES = (
    Route("GET", "/api/services", list_services, verb="read"),
    Route("POST", "/api/services/{domain}/{service}", call, verb="call"),
)
