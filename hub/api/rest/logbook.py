"""The logbook over REST."""

from typing import Any, Final

import voluptuous as vol
from aiohttp import web

from hub.api.answers import json_answer
from hub.api.errors import InvalidEntityIds
from hub.api.logbook import asked_of, name_of, rows_of
from hub.api.period import DAY, limited
from hub.api.query import query_of, whole
from hub.api.rest.history import period_of
from hub.api.routes import HUB, Route, session_of
from hub.schema import text
from hub.states.machine import valid_entity_id
from hub.util.times import iso

MOST_DAYS: Final = 3660

QUERY: Final = vol.Schema(
    {
        vol.Optional("entity"): text,
        vol.Optional("end_time"): text,
        vol.Optional("period", default="1"): whole(1, MOST_DAYS),
        vol.Optional("context_id"): text,
    },
    extra=vol.REMOVE_EXTRA,
)


async def logbook(request: web.Request) -> web.Response:
    """Return rows, oldest first, each with a name and an ISO time."""
    hub = request.app[HUB]
    asked = query_of(request, QUERY)
    entity_ids = None
    if "entity" in asked:
        entity_ids = [part.strip().lower() for part in asked["entity"].split(",")]
        if not all(map(valid_entity_id, entity_ids)):
            raise InvalidEntityIds("Invalid entity")
    wanted = asked_of(session_of(request).user, entity_ids, None, asked.get("context_id"))
    start, end = period_of(request, asked.get("end_time"), DAY * asked["period"])
    now = hub.clock.time()
    found: list[dict[str, Any]] = []
    if start <= now:
        async with limited("the logbook"):
            found = await rows_of(hub, wanted, start, min(end, now))
    for row in found:
        row["when"] = iso(row["when"])
        if "name" not in row:
            row["name"] = name_of(hub, row["entity_id"])
    response = json_answer(found).response()
    response.enable_compression()
    return response


ROUTES = (
    Route("GET", "/api/logbook", logbook, verb="read", query=QUERY),
    Route("GET", "/api/logbook/{start}", logbook, verb="read", query=QUERY),
)
