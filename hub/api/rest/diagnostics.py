"""The download for who looks for a fault."""

from datetime import UTC, datetime

from aiohttp import hdrs, web

from hub.api.answers import NO_STORE
from hub.api.routes import HUB, Route
from hub.audit import Entry
from hub.util.json import dumps


async def download(request: web.Request) -> web.Response:
    """Return how the hub is as a JSON file, without secrets."""
    hub = request.app[HUB]
    hub.audit.note(Entry("diagnostics.download", "hub"))
    body = dumps(await hub.diagnostics.collect(hub))
    stamp = datetime.fromtimestamp(hub.clock.time(), UTC).strftime("%Y-%m-%d-%H%M%S")
    headers = {
        hdrs.CONTENT_TYPE: "application/json",
        hdrs.CONTENT_DISPOSITION: f'attachment; filename="hub-diagnostics-{stamp}.json"',
        **dict(NO_STORE),
    }
    return web.Response(body=body, headers=headers)


ROUTES = (Route("GET", "/api/diagnostics", download, admin=True, verb="read"),)
