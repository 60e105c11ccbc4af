"""Jobs over REST."""

from typing import Final

import voluptuous as vol
from aiohttp import web

from hub.api import resources as work
from hub.api.answers import Answer, json_answer
from hub.api.query import query_of, whole
from hub.api.routes import HUB, Route, session_of
from hub.events import Context
from hub.jobs import JobState
from hub.schema import text

LIST: Final = vol.Schema(
    {
        vol.Optional("state"): vol.In([state.value for state in JobState]),
        vol.Optional("target"): text,
        vol.Optional("limit", default=100): whole(1, 1000),
    }
)
LOG: Final = vol.Schema({vol.Optional("after", default=0): whole()})


async def list_jobs(request: web.Request) -> web.Response:
    """Return jobs, newest first."""
    query = query_of(request, LIST)
    return Answer(work.jobs(request.app[HUB], session_of(request).user, query)).response()


async def get(request: web.Request) -> web.Response:
    """Return one job."""
    record = work.job(request.app[HUB], session_of(request).user, request.match_info["job_id"])
    return json_answer(record.as_dict()).response()


async def log(request: web.Request) -> web.Response:
    """Return a job's log lines above `?after=`."""
    hub = request.app[HUB]
    record = work.job(hub, session_of(request).user, request.match_info["job_id"])
    lines = await hub.jobs.log(record.id, query_of(request, LOG)["after"])
    return json_answer([line.as_dict() for line in lines]).response()


async def cancel(request: web.Request) -> web.Response:
    """Ask a job to end at its next safe point: 202."""
    hub, user = request.app[HUB], session_of(request).user
    record = await work.cancel(hub, user, request.match_info["job_id"], Context(user.id))
    return json_answer(record.as_dict(), 202).response()


ROUTES = (
    Route("GET", "/api/jobs", list_jobs, verb="read", query=LIST),
    Route("GET", "/api/jobs/{job_id}", get, verb="read"),
    Route("GET", "/api/jobs/{job_id}/log", log, verb="read", query=LOG),
    Route("POST", "/api/jobs/{job_id}/cancel", cancel, verb="apply"),
)
