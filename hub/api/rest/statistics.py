"""Statistics over REST, for scripts; clients of the protocol ask over the websocket."""

from typing import Final

import voluptuous as vol
from aiohttp import web

from hub.api.answers import Answer
from hub.api.period import DAY, limited
from hub.api.query import query_of
from hub.api.rest.history import period_of
from hub.api.routes import HUB, Route, session_of
from hub.api.statistics import points_of, series_of
from hub.errors import InvalidFormat
from hub.recorder.statistics.periods import PERIODS
from hub.recorder.statistics.series import TYPES, SeriesReader
from hub.schema import text

QUERY: Final = vol.Schema(
    {
        vol.Required("statistic_ids"): text,
        vol.Optional("period", default="hour"): vol.In((*PERIODS, "auto")),
        vol.Optional("types"): text,
        vol.Optional("end_time"): text,
    }
)


async def statistics(request: web.Request) -> web.Response:
    """Return points by series, as the websocket does."""
    hub, user = request.app[HUB], session_of(request).user
    asked = query_of(request, QUERY)
    types = [part.strip() for part in asked.get("types", ",".join(TYPES)).split(",")]
    if not set(types) <= set(TYPES):
        raise InvalidFormat(f"types: expected some of {', '.join(TYPES)}")
    start, end = period_of(request, asked.get("end_time"), DAY)
    if "end_time" not in asked:
        end = hub.clock.time()
    async with limited("the statistics"):
        found = await series_of(
            hub, user, [part.strip() for part in asked["statistic_ids"].split(",")]
        )
        period = asked["period"]
        if period == "auto":
            period = await SeriesReader(hub.recorder).tier(found, start)
        body = await points_of(hub, found, start, end, period, types, {})
    response = Answer(body).response()
    response.enable_compression()
    return response


ROUTES = (
    Route("GET", "/api/statistics", statistics, verb="read", query=QUERY),
    Route("GET", "/api/statistics/{start}", statistics, verb="read", query=QUERY),
)
