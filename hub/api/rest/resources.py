"""Resources over REST; `PUT` with `If-Match` changes one without overwriting others."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol
from aiohttp import hdrs, web

from hub.api import resources as work
from hub.api.answers import Answer, failure_answer, json_answer
from hub.api.routes import HUB, Route, session_of
from hub.errors import InvalidFormat
from hub.events import Context
from hub.resources import Change, Conflict, Resource
from hub.schema import explain
from hub.util.json import loads

PLAN: Final = vol.Schema({vol.Optional("spec"): vol.Any(None, dict)})
ROLLBACK: Final = vol.Schema(
    {vol.Required("to"): work.NUMBER, vol.Optional("if_revision"): vol.Any(None, work.REVISION)}
)
SPEC: Final = vol.Schema(dict)
DOCUMENTS: Final = vol.Schema(work.DOCUMENTS)


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
    """Return a resource with its ETag; 304 when the client has this form of it."""
    hub, user, name = request.app[HUB], session_of(request).user, _name(request)
    resource = work.read(hub, user, *name)
    tag = work.etag(hub, resource)
    known = request.headers.get(hdrs.IF_NONE_MATCH)
    if known is not None and work.matches(known, tag):
        return web.Response(status=304, headers={hdrs.ETAG: tag})
    return _tagged(json_answer(work.shown(hub, user, resource)), tag)


async def put(request: web.Request) -> web.Response:
    """Write a spec, which is the body: 201 when the resource is new."""
    hub = request.app[HUB]
    spec = await body_of(request, SPEC)
    name = _name(request)
    try:
        change = await hub.resources.put(
            *name,
            spec,
            if_revision=_expected(request),
            dry_run=flag(request, "dry_run"),
            context=_context(request),
            note=request.query.get("note"),
        )
    except Conflict as error:
        return _stale(request, error)
    created = change.action == "created" and not flag(request, "dry_run")
    return _changed(request, change, 201 if created else 200)


async def delete(request: web.Request) -> web.Response:
    """Delete a resource, with `?cascade=1` also those that refer to it."""
    hub = request.app[HUB]
    try:
        changes = await hub.resources.delete(
            *_name(request),
            if_revision=_expected(request),
            cascade=flag(request, "cascade"),
            force=flag(request, "force"),
            dry_run=flag(request, "dry_run"),
            context=_context(request),
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
    old, new = number(request, "old"), number(request, "new")
    if old is None:
        raise InvalidFormat("required key not provided @ data['old']")
    return json_answer(await request.app[HUB].resources.diff(*name, old, new)).response()


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
    body = await body_of(request, ROLLBACK)
    hub = request.app[HUB]
    try:
        expected = _expected(request)
        change = await hub.resources.rollback(
            *_name(request),
            body["to"],
            if_revision=body.get("if_revision") if expected is None else expected,
            dry_run=flag(request, "dry_run"),
            context=_context(request),
        )
    except Conflict as error:
        return _stale(request, error)
    return _changed(request, change)


async def apply_documents(request: web.Request) -> web.Response:
    """Write many resources or none of them."""
    body = await body_of(request, DOCUMENTS)
    body["dry_run"] = body["dry_run"] or flag(request, "dry_run")
    changes = await work.apply_documents(request.app[HUB], body, _context(request))
    return json_answer(changes).response()


async def export(request: web.Request) -> web.Response:
    """Return specs by `type/key`, of all types or one; secrets are `{"sealed": true}`."""
    wanted = request.query.get("resource_type")
    found = work.export(request.app[HUB], session_of(request).user, wanted)
    return json_answer(found).response()


# --- what the functions above share


async def body_of(
    request: web.Request, schema: vol.Schema, without: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the validated body, `without` for an empty one; raises `InvalidFormat`."""
    body = await request.read()
    if not body.strip() and without is not None:
        return dict(without)
    try:
        checked: dict[str, Any] = schema(loads(body))
    except ValueError:
        raise InvalidFormat("The body should be valid JSON") from None
    except vol.Invalid as error:
        raise InvalidFormat(explain(error)) from None
    return checked


def flag(request: web.Request, name: str) -> bool:
    """Return whether a query parameter is set: `?name`, `?name=1`, `?name=true`."""
    value = request.query.get(name)
    if value is None or value in ("0", "false"):
        return False
    if value in ("", "1", "true"):
        return True
    raise InvalidFormat(f"expected 1 or 0 @ data[{name!r}]")


def number(request: web.Request, name: str, most: int = 2**31) -> int | None:
    """Return a number of the query; raises `InvalidFormat`."""
    value = request.query.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal()) or len(value) > 10 or int(value) > most:
        raise InvalidFormat(f"expected a whole number up to {most} @ data[{name!r}]")
    return int(value)


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


_ONE: Final = "/api/resources/{resource_type}/{key}"

ROUTES = (
    Route("GET", "/api/resources", types, verb="read"),
    Route("POST", "/api/resources", apply_documents, verb="write"),
    Route("GET", "/api/resources/-/export", export, verb="read"),
    Route("GET", "/api/resources/{resource_type}", list_resources, verb="read"),
    Route("GET", _ONE, get, verb="read"),
    Route("PUT", _ONE, put, verb="write"),
    Route("DELETE", _ONE, delete, verb="write"),
    Route("GET", f"{_ONE}/history", history, verb="read"),
    Route("GET", f"{_ONE}/diff", diff, verb="read"),
    Route("POST", f"{_ONE}/plan", plan, verb="read"),
    Route("POST", f"{_ONE}/apply", apply, verb="apply"),
    Route("POST", f"{_ONE}/rollback", rollback, verb="write"),
)
