"""`/metrics` for Prometheus; any user's token opens it."""

import math
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

from hub.api.routes import HUB, Route, session_of
from hub.errors import NotFound
from hub.observe.metrics import Family

if TYPE_CHECKING:
    from hub.auth import User
    from hub.hub import Hub

_SWITCHED: Final = {"on": 1.0, "off": 0.0}


async def metrics(request: web.Request) -> web.Response:
    """Return everything that is counted, as text or OpenMetrics."""
    hub = request.app[HUB]
    if not hub.settings.metrics.enabled:
        raise NotFound("Metrics are off (metrics.enabled in hub.yaml)")
    more = []
    if hub.settings.metrics.entities:
        more.append(entity_states(hub, session_of(request).user))
    body, kind = await hub.metrics.render(request.headers.get(hdrs.ACCEPT, ""), more)
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: kind})


def entity_states(hub: "Hub", user: "User") -> Family:
    """Return the states that are numbers, and on and off as 1 and 0, of what a user may read.

    What is unknown or unavailable has no sample: it is not 0.
    """
    found = Family(
        "hub_entity_state",
        "States that are numbers; on is 1, off is 0.",
        labels=("entity", "unit"),
    )
    everything = user.rights.reads_all
    for state in hub.states.all():
        value = _SWITCHED.get(state.state)
        if value is None:
            try:
                value = float(state.state)
            except ValueError:
                continue
            if not math.isfinite(value):
                continue
        if everything or user.may("read", state.entity_id):
            unit = state.attributes.get("unit_of_measurement")
            found.add(value, state.entity_id, "" if unit is None else str(unit))
    return found


ROUTES = (Route("GET", "/metrics", metrics, verb="read"),)
