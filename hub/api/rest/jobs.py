"""Jobs over REST."""

from aiohttp import web

from hub.api import resources as work
from hub.api.answers import Answer, json_answer
from hub.api.rest.resources import number
from hub.api.routes import HUB, Route, session_of
from hub.errors import InvalidFormat
from hub.events import Context
from hub.jobs import JobState


async def list_jobs(request: web.Request) -> web.Response:
    """Return jobs, newest first."""
    state = request.query.get("state")
    if state is not None and state not in [each.value for each in JobState]:
        raise InvalidFormat(f"expected one of {', '.join(JobState)} @ data['state']")
    fields = {
        "state": state,
        "target": request.query.get("target"),
        "limit": min(number(request, "limit") or 100, 1000),
    }
    return Answer(work.jobs(request.app[HUB], session_of(request).user, fields)).response()


async def get(request: web.Request) -> web.Response:
    """Return one job."""
    record = work.job(request.app[HUB], session_of(request).user, request.match_info["job_id"])
    return json_answer(record.as_dict()).response()


async def log(request: web.Request) -> web.Response:
    """Return a job's log lines above `?after=`."""
    hub = request.app[HUB]
    record = work.job(hub, session_of(request).user, request.match_info["job_id"])
    lines = await hub.jobs.log(record.id, number(request, "after") or 0)
    return json_answer([line.as_dict() for line in lines]).response()


async def cancel(request: web.Request) -> web.Response:
    """Ask a job to end at its next safe point: 202."""
    hub, user = request.app[HUB], session_of(request).user
    record = work.job(hub, user, request.match_info["job_id"])
    record = await hub.jobs.cancel(record.id, Context(user.id))
    return json_answer(record.as_dict(), 202).response()


ROUTES = (
    Route("GET", "/api/jobs", list_jobs, verb="read"),
    Route("GET", "/api/jobs/{job_id}", get, verb="read"),
    Route("GET", "/api/jobs/{job_id}/log", log, verb="read"),
    Route("POST", "/api/jobs/{job_id}/cancel", cancel, verb="apply"),
)
