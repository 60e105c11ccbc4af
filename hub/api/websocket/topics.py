"""Subscriptions beside entities: resources and jobs, one group per filter and reader.

An event is made once per group. What happens to the same thing before the next flush is merged, and
a slow client gets the newest of each when it catches up.
"""

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hub.api.websocket.groups import Push, Unsubscribe
from hub.errors import NotFound
from hub.jobs.access import READ, may_job
from hub.util.json import dumps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.auth import User
    from hub.events import Event
    from hub.hub import Hub
    from hub.jobs import Job, Line
    from hub.resources import Resource


@dataclass(frozen=True, slots=True)
class ResourceTopic:
    """Resources of a type, one of them, or all; as far as `reader` may read them."""

    hub: "Hub" = field(hash=False, compare=False)
    type: str | None
    key: str | None
    reader: "User | None"

    def listen(self, push: Push) -> Unsubscribe:
        """Hear of changes, their status among them."""

        def changed(action: str, resource: "Resource") -> None:
            if self.key in (None, resource.key) and self.readable(resource):
                push(resource.id, self._event(action, resource))

        return self.hub.resources.listen(changed, self.type)

    def first(self) -> bytes:
        """Return the first event: everything that is followed."""
        json = self.hub.resources.json
        found = [
            json(item)
            for item in self.hub.resources.list(self.type)
            if self.key in (None, item.key) and self.readable(item)
        ]
        return b'{"resources":[%b]}' % b",".join(found)

    def merge(self, before: bytes, after: bytes) -> bytes:
        """Keep the newest form under the weightiest action: what is new stays new."""
        for head in (_ADDED, _UPDATED):
            if before.startswith(head) and not after.startswith(_REMOVED):
                return head + after[after.index(_RESOURCE) :]
        return after

    def current(self, names: list[str]) -> list[bytes]:
        """Return each resource as it is now, or that it is gone."""
        events = []
        for name in names:
            kind, _, key = name.partition("/")
            try:
                events.append(self._event("updated", self.hub.resources.get(kind, key)))
            except NotFound:
                gone = dumps({"resource_type": kind, "key": key})
                events.append(b"%b%b%b}" % (_REMOVED, _RESOURCE, gone))
        return events

    def readable(self, resource: "Resource") -> bool:
        """Tell whether the reader may see a resource."""
        reader = self.reader
        return reader is None or reader.may_resource("read", resource.type, resource.key)

    def _event(self, action: str, resource: "Resource") -> bytes:
        resources = self.hub.resources
        if action == "removed":  # not through the cache: what is gone must not stay in it
            return b"%b%b%b}" % (_REMOVED, _RESOURCE, dumps(resources.as_dict(resource)))
        return b'{"action":"%b"%b%b}' % (action.encode(), _RESOURCE, resources.json(resource))


_ADDED: Final = b'{"action":"added"'
_UPDATED: Final = b'{"action":"updated"'
_REMOVED: Final = b'{"action":"removed"'
_RESOURCE: Final = b',"resource":'


@dataclass(frozen=True, slots=True)
class JobTopic:
    """Jobs, or one of them with its log; as far as `reader` may see them."""

    hub: "Hub" = field(hash=False, compare=False)
    job_id: str | None
    lines: bool
    reader: "User | None"

    def listen(self, push: Push) -> Unsubscribe:
        """Hear of changes and, where it is wished, of log lines."""

        def updated(event: "Event") -> None:
            job = event.data["job"]
            if self.job_id in (None, job["id"]) and self._readable(job["id"]):
                push(job["id"], _job_event(job))

        def logged(job: "Job", lines: "Sequence[Line]") -> None:
            if self.job_id in (None, job.id) and self._readable(job.id):
                found = [line.as_dict() for line in lines]
                push(
                    f"{job.id}{_LOG}",
                    b'{"job_id":"%b"%b%b}' % (job.id.encode(), _LINES, dumps(found)),
                )

        stops = [self.hub.bus.listen("job_updated", updated)]
        if self.lines:
            stops.append(self.hub.jobs.listen_log(logged))

        def stop() -> None:
            for one in stops:
                one()

        return stop

    def first(self) -> list[bytes]:
        """Return the first events: the job that is followed, or all that have not ended."""
        jobs = self.hub.jobs
        if self.job_id is not None:
            return [_job_event(jobs.get(self.job_id).as_dict())]
        found = [record for record in jobs.list() if not record.state.ended]
        return [_job_event(one.as_dict()) for one in reversed(found) if self._readable(one.id)]

    def merge(self, before: bytes, after: bytes) -> bytes:
        """Keep the newest state of a job, and all lines of its log."""
        at = after.find(_LINES)
        if at < 0:
            return after
        return before[:-2] + b"," + after[at + len(_LINES) + 1 :]

    def current(self, names: list[str]) -> list[bytes]:
        """Return each job as it is now; that lines were left out is said once for each."""
        events = []
        for name in names:
            job_id = name.removesuffix(_LOG)
            if job_id != name:
                events.append(dumps({"job_id": job_id, "lines": [], "missed": True}))
                continue
            with contextlib.suppress(NotFound):
                events.append(_job_event(self.hub.jobs.get(job_id).as_dict()))
        return events

    def _readable(self, job_id: str) -> bool:
        if self.reader is None:
            return True
        try:
            return may_job(self.reader, READ, self.hub.jobs.get(job_id))
        except NotFound:
            return False


_LOG: Final = "#log"
_LINES: Final = b',"lines":'


def _job_event(job: object) -> bytes:
    return b'{"job":%b}' % dumps(job)
