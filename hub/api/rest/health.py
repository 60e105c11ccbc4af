"""Whether the hub lives and whether it is ready, for who starts and watches it."""

from typing import Any, Final

from aiohttp import web

from hub.api.answers import json_answer
from hub.api.middleware import authenticate
from hub.api.routes import HUB, Route
from hub.observe.health import Level

SILENT_SECONDS: Final = 30.0
"""After so many seconds without a beat of the loop's timer the process counts as stuck."""


async def healthz(request: web.Request) -> web.Response:
    """Say that the process answers; 503 when its timers do not run any more."""
    stuck = request.app[HUB].probe.silence > SILENT_SECONDS
    return json_answer({"status": "stuck" if stuck else "ok"}, 503 if stuck else 200).response()


async def readyz(request: web.Request) -> web.Response:
    """Say whether the hub can do its work; with a token also what is wrong, to administrators why.

    503 while a critical item is failed: not started, the database not writable.
    """
    health = request.app[HUB].health
    items = health.items()
    level = health.worst(items)
    body: dict[str, Any] = {"status": level.value}
    session = authenticate(request)
    if session is not None:
        body["items"] = [item.as_dict(reasons=session.user.is_admin) for item in items]
    return json_answer(body, 503 if level is Level.FAILED else 200).response()


ROUTES = (Route("GET", "/healthz", healthz), Route("GET", "/readyz", readyz))
