"""Webhooks: what outside programs call without a token; the id in the path is the secret."""

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from hub.api.routes import GATE, HUB, Route
from hub.automation.webhooks import WebhookRequest
from hub.util.json import loads

if TYPE_CHECKING:
    from hub.automation.webhooks import Webhook

_LOGGER = logging.getLogger(__name__)

MAX_BODY_BYTES: Final = 1 << 20

BODY_SECONDS: Final = 10.0
"""How long a caller may take to send a body."""

HANDLER_SECONDS: Final = 10.0
"""How long a handler may keep the caller waiting."""


async def webhook(request: web.Request) -> web.Response:
    """Call the handlers of an id; always 200 and empty, so that ids can not be probed.

    A method that is not allowed answers 405 (HEAD: 200), a body over 1 MiB 413.
    """
    webhook_id = request.match_info["webhook_id"]
    hooks = request.app[HUB].webhooks.get(webhook_id)
    if not hooks:
        _LOGGER.info("%s called a webhook that does not exist", request.remote)
        return web.Response()
    door = hooks[0]  # all that share an id have the same
    if request.method not in door.methods:
        if request.method == "HEAD":
            return web.Response()
        raise web.HTTPMethodNotAllowed(request.method, sorted(door.methods))
    if door.local_only and not request.app[GATE].is_local(request):
        _LOGGER.warning("%s called a webhook that is for the local network only", request.remote)
        return web.Response()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            called = await _read(webhook_id, _larger(request))
    except (ValueError, TimeoutError) as error:
        why = "came too slowly" if isinstance(error, TimeoutError) else "is not what it says it is"
        _LOGGER.warning("A webhook was called by %s with a body that %s", request.remote, why)
        return web.Response()
    for hook in hooks:
        await _call(hook, called)
    return web.Response()


def _larger(request: web.Request) -> web.Request:
    """Return the request with the limit for bodies that somebody waits for."""
    remote = "" if request.remote is None else request.remote
    return request.clone(client_max_size=MAX_BODY_BYTES, remote=remote)


async def _read(webhook_id: str, request: web.Request) -> WebhookRequest:
    """Return the call with its body, as JSON or as a form; raises `ValueError`."""
    body: Any = None
    form: dict[str, Any] = {}
    if "json" in request.content_type:
        raw = await request.read()
        body = loads(raw) if raw else None
    elif request.method != "GET":
        found = await request.post()
        # Files are left out; of fields that come twice the first counts.
        for name, value in found.items():
            if isinstance(value, str):
                form.setdefault(name, value)
    query: dict[str, str] = {}
    for name, text in request.query.items():
        query.setdefault(name, text)
    return WebhookRequest(webhook_id, request.method, query, body, form, request.remote)


async def _call(hook: "Webhook", called: WebhookRequest) -> None:
    try:
        result = hook.handler(called)
        if result is not None and inspect.isawaitable(result):
            async with asyncio.timeout(HANDLER_SECONDS):
                await result
    except Exception:
        _LOGGER.exception("The handler of a webhook failed")


ROUTES = (
    Route("GET", "/api/webhook/{webhook_id}", webhook),
    Route("POST", "/api/webhook/{webhook_id}", webhook),
    Route("PUT", "/api/webhook/{webhook_id}", webhook),
)
