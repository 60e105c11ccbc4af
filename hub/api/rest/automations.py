"""Automations, scripts and scenes over REST, as their editors write them."""

from typing import Any

from aiohttp import web

from hub.api import automations as work
from hub.api.answers import json_answer, parse_object
from hub.api.routes import HUB, Handler, Route, session_of
from hub.events import Context

OK: dict[str, Any] = {"result": "ok"}


def _get(domain: str) -> Handler:
    async def get(request: web.Request) -> web.Response:
        """Return an item as it was written."""
        user = session_of(request).user
        found = work.read(request.app[HUB], user, domain, request.match_info["item_id"])
        return json_answer(found).response()

    return get


def _post(domain: str) -> Handler:
    async def post(request: web.Request) -> web.Response:
        """Make or replace an item, and answer when it runs."""
        body = parse_object(await request.read(), other="Message malformed: expected an object")
        context = Context(session_of(request).user.id)
        await work.write(request.app[HUB], domain, request.match_info["item_id"], body, context)
        return json_answer(OK).response()

    return post


def _delete(domain: str) -> Handler:
    async def delete(request: web.Request) -> web.Response:
        """Delete an item."""
        user = session_of(request).user
        item_id = request.match_info["item_id"]
        await work.delete(request.app[HUB], user, domain, item_id, Context(user.id))
        return json_answer(OK).response()

    return delete


def _path(domain: str) -> str:
    return f"/api/config/{domain}/config/{{item_id}}"


ROUTES = tuple(
    route
    for domain in work.DOMAINS
    for route in (
        Route("GET", _path(domain), _get(domain), verb="read"),
        Route("POST", _path(domain), _post(domain), verb="write"),
        Route("DELETE", _path(domain), _delete(domain), verb="write"),
    )
)
