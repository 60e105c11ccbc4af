"""Resources over REST; `PUT` with `If-Match` changes one without overwriting others."""

from typing import Final

import voluptuous as vol
from aiohttp import hdrs, web

from hub.api import resources as work
from hub.api.answers import Answer, failure_answer, json_answer
from hub.api.query import body_of, flag, query_of, whole
from hub.api.routes import HUB, Route, session_of
from hub.events import Context
from hub.resources import Change, Conflict, Resource
from hub.schema import text

SPEC: Final = vol.Schema(dict)
DOCUMENTS: Final = vol.Schema(work.DOCUMENTS)
PLAN: Final = vol.Schema({vol.Optional("spec"): vol.Any(None, dict)})
ROLLBACK: Final = vol.Schema(
    {vol.Required("to"): work.NUMBER, vol.Optional("if_revision"): vol.Any(None, work.REVISION)}
)
_DRY: Final = {vol.Optional("dry_run", default=False): flag}
DRY: Final = vol.Schema(_DRY)
PUT: Final = vol.Schema({**_DRY, vol.Optional("note"): work.NOTE})
DELETE: Final = vol.Schema(
    {
        **_DRY,
        vol.Optional("cascade", default=False): flag,
        vol.Optional("force", default=False): flag,
    }
)
GET: Final = vol.Schema({vol.Optional("revision"): whole(1)})
DIFF: Final = vol.Schema({vol.Required("old"): whole(1), vol.Optional("new"): whole(1)})
EXPORT: Final = vol.Schema({vol.Optional("resource_type"): text})


async def types(request: web.Request) -> web.Response:
    """Return the types, each with its form."""
    return json_answer(work.types(request.app[HUB], session_of(request).user)).response()


async def list_resources(request: web.Request) -> web.Response:
    """Return the resources of a type."""
    user = session_of(request).user
    body = work.listing(request.app[HUB], user, request.match_info["resource_type"])
    response = Answer(body).response()
    response.enable_compression()
    return response


async def get(request: web.Request) -> web.Response:
    """Return a resource with its ETag, 304 when the client has this form, or one revision."""
    hub, user, name = request.app[HUB], session_of(request).user, _name(request)
    revision = query_of(request, GET).get("revision")
    if revision is not None:
        work.demand_read(user, *name)
        return json_answer((await hub.resources.revision(*name, revision)).as_dict()).response()
    resource = work.read(hub, user, *name)
    tag = work.etag(hub, resource)
    known = request.headers.get(hdrs.IF_NONE_MATCH)
    if known is not None and work.matches(known, tag):
        return web.Response(status=304, headers={hdrs.ETAG: tag})
    return _tagged(json_answer(work.shown(hub, user, resource)), tag)


async def put(request: web.Request) -> web.Response:
    """Write a spec, which is the body: 201 when the resource is new."""
    hub, query = request.app[HUB], query_of(request, PUT)
    spec = await body_of(request, SPEC)
    try:
        change = await hub.resources.put(
            *_name(request),
            spec,
            if_revision=_expected(request),
            context=_context(request),
            **query,
        )
    except Conflict as error:
        return _stale(request, error)
    created = change.action == "created" and not query["dry_run"]
    return _changed(request, change, 201 if created else 200)


async def delete(request: web.Request) -> web.Response:
    """Delete a resource, with `?cascade=1` also those that refer to it."""
    hub, query = request.app[HUB], query_of(request, DELETE)
    try:
        changes = await hub.resources.delete(
            *_name(request),
            if_revision=_expected(request),
            context=_context(request),
            **query,
        )
    except Conflict as error:
        return _stale(request, error)
    return json_answer(work.as_dicts(changes)).response()


async def history(request: web.Request) -> web.Response:
    """Return the kept revisions, newest first, also of a deleted resource."""
    name = _name(request)
    work.demand_read(session_of(request).user, *name)
    found = await request.app[HUB].resources.history(*name)
    return json_answer([item.as_dict() for item in found]).response()


async def diff(request: web.Request) -> web.Response:
    """Return what differs between the revisions `old` and `new`, or `old` and the present."""
    name = _name(request)
    work.demand_read(session_of(request).user, *name)
    query = query_of(request, DIFF)
    found = await request.app[HUB].resources.diff(*name, query["old"], query.get("new"))
    return json_answer(found).response()


async def plan(request: web.Request) -> web.Response:
    """Look outside and return what would be done for the stored spec or the one in the body."""
    body = await body_of(request, PLAN, {})
    user = session_of(request).user
    found = await work.plan(request.app[HUB], user, *_name(request), body.get("spec"))
    return json_answer(found).response()


async def apply(request: web.Request) -> web.Response:
    """Make the world match now: 202 with the job, or `job_id` null when there is nothing to do."""
    job = await request.app[HUB].resources.apply(*_name(request), _context(request))
    body = {"job_id": None if job is None else job.id}
    return json_answer(body, 200 if job is None else 202).response()


async def rollback(request: web.Request) -> web.Response:
    """Write the spec of revision `to` anew."""
    body, query = await body_of(request, ROLLBACK), query_of(request, DRY)
    hub = request.app[HUB]
    try:
        expected = _expected(request)
        change = await hub.resources.rollback(
            *_name(request),
            body["to"],
            if_revision=body.get("if_revision") if expected is None else expected,
            dry_run=query["dry_run"],
            context=_context(request),
        )
    except Conflict as error:
        return _stale(request, error)
    return _changed(request, change)


async def apply_documents(request: web.Request) -> web.Response:
    """Write many resources or none of them."""
    body = await body_of(request, DOCUMENTS)
    body["dry_run"] = body["dry_run"] or query_of(request, DRY)["dry_run"]
    changes = await work.apply_documents(request.app[HUB], body, _context(request))
    return json_answer(changes).response()


async def export(request: web.Request) -> web.Response:
    """Return specs by `type/key`, of all types or one; secrets are `{"sealed": true}`."""
    wanted = query_of(request, EXPORT).get("resource_type")
    found = work.export(request.app[HUB], session_of(request).user, wanted)
    return json_answer(found).response()


# --- what the functions above share


def _name(request: web.Request) -> tuple[str, str]:
    return request.match_info["resource_type"], request.match_info["key"]


def _context(request: web.Request) -> Context:
    return Context(session_of(request).user.id)


def _expected(request: web.Request) -> int | None:
    kind, key = _name(request)
    headers = request.headers
    if not session_of(request).user.may_resource("write", kind, key):
        return None  # the write is refused, and the present revision is not told
    present = request.app[HUB].resources.store.get(f"{kind}/{key}")
    return work.expected(
        headers.get(hdrs.IF_MATCH), headers.get(hdrs.IF_NONE_MATCH), present, f"{kind}/{key}"
    )


def _stale(request: web.Request, error: Conflict) -> web.Response:
    """Answer a conflict: 412 when a header asked for the revision (RFC 9110, 13.1), else 409."""
    asked = {hdrs.IF_MATCH, hdrs.IF_NONE_MATCH} & set(request.headers)
    answer = failure_answer(request.path, error)
    return Answer(answer.body, 412 if asked else answer.status).response()


def _changed(request: web.Request, change: Change, status: int = 200) -> web.Response:
    answer = json_answer(change.as_dict(), status)
    present: Resource | None = request.app[HUB].resources.store.get(
        f"{change.resource_type}/{change.key}"
    )
    if present is None:
        return answer.response()
    return _tagged(answer, work.etag(request.app[HUB], present))


def _tagged(answer: Answer, tag: str) -> web.Response:
    response = answer.response()
    response.headers[hdrs.ETAG] = tag
    response.headers[hdrs.CACHE_CONTROL] = "no-cache"
    return response


_CONDITIONS: Final = ("If-Match", "If-None-Match")
_ONE: Final = "/api/resources/{resource_type}/{key}"

ROUTES = (
    Route("GET", "/api/resources", types, verb="read"),
    Route("POST", "/api/resources", apply_documents, verb="write", body=DOCUMENTS, query=DRY),
    Route("GET", "/api/resources/-/export", export, verb="read", query=EXPORT),
    Route("GET", "/api/resources/{resource_type}", list_resources, verb="read"),
    Route("GET", _ONE, get, verb="read", query=GET, headers=("If-None-Match",)),
    Route("PUT", _ONE, put, verb="write", body=SPEC, query=PUT, headers=_CONDITIONS),
    Route("DELETE", _ONE, delete, verb="write", query=DELETE, headers=("If-Match",)),
    Route("GET", f"{_ONE}/history", history, verb="read"),
    Route("GET", f"{_ONE}/diff", diff, verb="read", query=DIFF),
    Route("POST", f"{_ONE}/plan", plan, verb="read", body=PLAN),
    Route("POST", f"{_ONE}/apply", apply, verb="apply"),
    Route(
        "POST",
        f"{_ONE}/rollback",
        rollback,
        verb="write",
        body=ROLLBACK,
        query=DRY,
        headers=("If-Match",),
    ),
)
