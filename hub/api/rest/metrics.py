"""`/metrics` for Prometheus; any user's token opens it."""

from aiohttp import hdrs, web

from hub.api.routes import HUB, Route
from hub.errors import NotFound


async def metrics(request: web.Request) -> web.Response:
    """Return everything that is counted, as text or OpenMetrics."""
    hub = request.app[HUB]
    if not hub.settings.metrics.enabled:
        raise NotFound("Metrics are off (metrics.enabled in hub.yaml)")
    body, kind = await hub.metrics.render(request.headers.get(hdrs.ACCEPT, ""))
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: kind})


ROUTES = (Route("GET", "/metrics", metrics, verb="read"),)
