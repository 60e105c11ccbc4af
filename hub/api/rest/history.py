"""The states of the past over REST."""

from typing import Final

import voluptuous as vol
from aiohttp import web

from hub.api.answers import Answer
from hub.api.errors import InvalidEndTime, InvalidEntityIds, InvalidStartTime
from hub.api.history import Form, lists
from hub.api.period import DAY, limited, moment
from hub.api.query import query_of
from hub.api.routes import HUB, Route, session_of
from hub.api.websocket.commands.history import readable
from hub.errors import InvalidFormat
from hub.recorder.reading.queries import Wanted
from hub.schema import described, text
from hub.states.machine import valid_entity_id


@described(type="boolean")
def given(value: object) -> bool:
    """Take a parameter that is there for yes, unless it says 0 or false."""
    return value not in ("0", "false")


QUERY: Final = vol.Schema(
    {
        vol.Optional("filter_entity_id", default=""): text,
        vol.Optional("end_time"): text,
        vol.Optional("minimal_response", default="0"): given,
        vol.Optional("no_attributes", default="0"): given,
        vol.Optional("significant_changes_only", default="1"): given,
        vol.Optional("skip_initial_state", default="0"): given,
    },
    extra=vol.REMOVE_EXTRA,
)
"""What clients of the protocol send beside these is passed over, as they expect."""


def period_of(request: web.Request, end_time: str | None, length: float) -> tuple[float, float]:
    """Return start and end of the range that a path and `end_time` name.

    Without a start it is the `length` before now, else the `length` from it on. Raises
    `InvalidStartTime` and `InvalidEndTime`.
    """
    hub = request.app[HUB]
    start: float | None = hub.clock.time() - length
    if (written := request.match_info.get("start")) is not None:
        start = moment(hub, written)
    if start is None:
        raise InvalidStartTime("Invalid datetime")
    if end_time is None:
        return start, start + length
    end = moment(hub, end_time)
    if end is None or end < start:
        raise InvalidEndTime("Invalid end_time")
    return start, end


async def period(request: web.Request) -> web.Response:
    """Return one list of states for each entity that has any."""
    hub = request.app[HUB]
    asked = query_of(request, QUERY)
    entity_ids = [part.strip().lower() for part in asked["filter_entity_id"].split(",")]
    if entity_ids == [""]:
        raise InvalidFormat("filter_entity_id is missing")
    if not all(map(valid_entity_id, entity_ids)):
        raise InvalidEntityIds("Invalid filter_entity_id")
    start, end = period_of(request, asked.get("end_time"), DAY)
    entity_ids = readable(session_of(request).user, dict.fromkeys(entity_ids))
    now = hub.clock.time()
    if start > now or not entity_ids:
        return Answer(b"[]").response()
    wanted = Wanted(
        start,
        min(end, now),
        held=not asked["skip_initial_state"],
        significant=asked["significant_changes_only"],
    )
    form = Form(wanted, asked["minimal_response"], not asked["no_attributes"])
    async with limited():
        response = Answer(await lists(hub, entity_ids, form)).response()
    response.enable_compression()
    return response


ROUTES = (
    Route("GET", "/api/history/period", period, verb="read", query=QUERY),
    Route("GET", "/api/history/period/{start}", period, verb="read", query=QUERY),
)
