"""What the doors for resources and jobs share: who may see what, and the wire forms."""

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.audit import Entry
from hub.config.documents import Document
from hub.errors import NotFound, Unauthorized
from hub.jobs.access import READ, may_job, sees_all_jobs
from hub.resources import Change, Conflict, Resource, ResourceType
from hub.schema import form, integer, text
from hub.schema.markers import Secret, dotted, markers
from hub.util.json import dumps

if TYPE_CHECKING:
    from hub.auth import User
    from hub.events import Context
    from hub.hub import Hub
    from hub.jobs import JobRecord

VERBS: Final = ("read", "write", "apply")

MAX_DOCUMENTS: Final = 10_000

REVISION: Final = vol.All(integer, vol.Range(min=0, max=2**31))
NUMBER: Final = vol.All(integer, vol.Range(min=1, max=2**31))
NOTE: Final = vol.All(text, vol.Length(max=500))
DOCUMENT: Final = {
    vol.Required("id"): text,
    vol.Required("spec"): dict,
    vol.Optional("file"): vol.Any(None, text),
    vol.Optional("line"): vol.Any(None, integer),
}
DOCUMENTS: Final = {
    vol.Required("documents"): vol.All([DOCUMENT], vol.Length(max=MAX_DOCUMENTS)),
    vol.Optional("prune"): [text],
    vol.Optional("dry_run", default=False): bool,
}

_ETAG: Final = re.compile(r'(?:W/)?"(\d{1,10})(?:-[0-9a-f]+)?"')


# --- types


def types(hub: "Hub", user: "User") -> list[dict[str, Any]]:
    """Return every resource type that the user may read something of."""
    counts: dict[str, int] = {}
    for resource in readable(hub, user):
        counts[resource.type] = counts.get(resource.type, 0) + 1
    return [
        {
            **_described(found),
            "count": counts.get(found.name, 0),
            "may": [verb for verb in VERBS if user.may_resource(verb, found.name)],
        }
        for found in hub.resources.types.all()
        if user.may_resource("read", found.name)
    ]


_DESCRIBED: Final[dict[str, tuple[ResourceType, dict[str, Any]]]] = {}


def _described(found: ResourceType) -> dict[str, Any]:
    """Return what does not change while a type is the same object."""
    known = _DESCRIBED.get(found.name)
    if known is None or known[0] is not found:
        known = _DESCRIBED[found.name] = (found, _describe(found))
    return known[1]


def _describe(found: ResourceType) -> dict[str, Any]:
    return {
        "resource_type": found.name,
        "title": found.title or found.name,
        "description": found.description,
        "domain": found.domain,
        "form": form(found.schema),
        "markers": [
            {"path": dotted(path), "kind": "secret"}
            if isinstance(marker, Secret)
            else {"path": dotted(path), "kind": "reference", "reference_type": marker.type}
            for path, marker in markers(found.schema)
        ],
        "has_controller": found.controller is not None,
    }


# --- reading


def readable(hub: "Hub", user: "User", resource_type: str | None = None) -> Iterator[Resource]:
    """Return the resources that a user may read, in order; raises `NotFound` for the type."""
    found = hub.resources.list(resource_type)
    if user.rights.reads_all_resources:
        return iter(found)
    return (item for item in found if user.may_resource("read", item.type, item.key))


def listing(hub: "Hub", user: "User", resource_type: str | None = None) -> bytes:
    """Return the readable resources as a JSON list; each was serialised once."""
    json = hub.resources.json
    return b"[%b]" % b",".join([json(item) for item in readable(hub, user, resource_type)])


def read(hub: "Hub", user: "User", resource_type: str, key: str) -> Resource:
    """Return a resource; `NotFound` also for one that the user may not read."""
    demand_read(user, resource_type, key)
    return hub.resources.get(resource_type, key)


def demand_read(user: "User", resource_type: str, key: str) -> None:
    """Raise `NotFound` for what the user may not read: its absence must not tell more."""
    if not user.may_resource("read", resource_type, key):
        raise NotFound(f"There is no {resource_type}/{key}")


def shown(hub: "Hub", user: "User", resource: Resource) -> dict[str, Any]:
    """Return the wire form of one resource, with what this user may do with it."""
    may = [verb for verb in VERBS if user.may_resource(verb, resource.type, resource.key)]
    return {**hub.resources.as_dict(resource), "may": may}


async def plan(
    hub: "Hub", user: "User", resource_type: str, key: str, spec: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Look outside. A spec of one's own leads the hub to hosts of one's own: it needs `write`."""
    demand_read(user, resource_type, key)
    if spec is not None and not user.may_resource("write", resource_type, key):
        raise Unauthorized
    return (await hub.resources.plan(resource_type, key, spec)).as_dict()


def export(hub: "Hub", user: "User", resource_type: str | None) -> dict[str, Any]:
    """Return the readable specs by `type/key`."""
    names = {item.id for item in readable(hub, user, resource_type)}
    found = hub.resources.export(resource_type)
    return {name: spec for name, spec in found.items() if name in names}


# --- writing


async def apply_documents(
    hub: "Hub", fields: Mapping[str, Any], context: "Context"
) -> Sequence[dict[str, Any]]:
    """Write many resources or none; `fields` have passed `DOCUMENTS`."""
    documents = [
        Document(item["id"], item["spec"], item.get("file"), item.get("line"))
        for item in fields["documents"]
    ]
    changes = await hub.resources.apply_documents(
        documents,
        prune=fields.get("prune", ()),
        dry_run=fields["dry_run"],
        context=context,
        config_dir=hub.config_dir,
    )
    return as_dicts(changes)


def as_dicts(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Return the wire forms of changes."""
    return [change.as_dict() for change in changes]


# --- HTTP's way of saying which revision is meant


def etag(hub: "Hub", resource: Resource) -> str:
    """Return revision and a digest of everything shown: the status changes between revisions."""
    return f'"{resource.revision}-{zlib.crc32(hub.resources.json(resource)):08x}"'


def matches(header: str, tag: str) -> bool:
    """Tell whether an If-None-Match names this very form of the resource."""
    names = [part.strip().removeprefix("W/") for part in header.split(",")]
    return "*" in names or tag in names


def expected(
    if_match: str | None, if_none_match: str | None, present: Resource | None, id: str
) -> int | None:
    """Return the revision that a conditional write expects, 0 = none; None = any.

    Raises `Conflict` where the headers can be answered without the store.
    """
    current = None if present is None else present.revision
    if if_none_match is not None and if_none_match.strip() == "*":
        return 0
    if if_match is None:
        return None
    if if_match.strip() == "*":
        if current is None:
            raise Conflict(id, 1, None)
        return None
    named = [int(found) for found in _ETAG.findall(if_match)]
    if current in named:
        return current
    raise Conflict(id, named[0] if named else -1, current)


# --- jobs


def jobs(hub: "Hub", user: "User", fields: Mapping[str, Any]) -> bytes:
    """Return the readable jobs, newest first, as a JSON list."""
    found = hub.jobs.list(
        fields.get("state"),
        fields.get("target"),
        fields["limit"],
        readable=None if sees_all_jobs(user) else lambda record: may_job(user, READ, record),
    )
    return dumps([record.as_dict() for record in found])


def job(hub: "Hub", user: "User", job_id: str) -> "JobRecord":
    """Return a job; `NotFound` also for one that the user may not see."""
    record = hub.jobs.get(job_id)
    if not may_job(user, READ, record):
        raise NotFound(f"There is no job {record.id}")
    return record


async def cancel(hub: "Hub", user: "User", job_id: str, context: "Context") -> "JobRecord":
    """Ask a job to end, and write down who did."""
    record = await hub.jobs.cancel(job(hub, user, job_id).id, context)
    data = {"job_id": record.id, "kind": record.kind}
    hub.audit.note(Entry("job.cancel", record.target, context=context, data=data))
    return record
