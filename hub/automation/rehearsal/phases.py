"""Resources of a rehearsal: a phase and drift for each, as a test gives them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hub.const import EVENT_JOB_UPDATED, EVENT_RESOURCE_UPDATED
from hub.errors import NotFound
from hub.jobs.job import JobRecord, JobState
from hub.resources.model import Phase, Resource, Source, Status, Step
from hub.util.ulid import ulid

if TYPE_CHECKING:
    import builtins

    from hub.automation.rehearsal.world import RehearsalWorld


class GivenResources:
    """What triggers, conditions and templates ask of resources."""

    def __init__(self, world: "RehearsalWorld") -> None:
        """Start empty; changes are told on the bus of `world`."""
        self._world = world
        self._found: dict[str, tuple[Resource, Status]] = {}

    def give(self, id: str, given: Mapping[str, Any]) -> None:
        """Let a resource be there, or change it; `action: removed` takes it away."""
        kind, _, key = id.partition("/")
        before = self._found.get(id)
        revision = before[0].revision if before is not None else 1
        action = given.get("action", "status" if before is not None else "added")
        if action == "removed":
            self._found.pop(id, None)
        now = self._world.clock.time()
        revision += action == "updated"
        resource = Resource(kind, key, {}, revision, Source.API, None, False, now, now)
        present = before[1] if before is not None else Status()
        phase = Phase(given.get("phase", present.phase.value))
        drifts = given.get("drift", phase is Phase.DRIFTED)
        drift = (Step("change", key, "given by the test"),) if drifts else ()
        status = Status(phase=phase, message=given.get("message", ""), drift=drift)
        if action != "removed":
            self._found[id] = (resource, status)
        self._world.bus.fire(
            EVENT_RESOURCE_UPDATED,
            {
                "action": action,
                "resource_type": kind,
                "key": key,
                "revision": revision,
                "phase": phase.value,
            },
        )

    def get(self, type: str, key: str) -> Resource:
        """Return a resource; raises `NotFound`."""
        found = self._found.get(f"{type}/{key}")
        if found is None:
            raise NotFound(f"There is no {type}/{key}")
        return found[0]

    def list(self, type: str | None = None) -> "builtins.list[Resource]":
        """Return all resources, or those of a type."""
        return [item for item, _ in self._found.values() if type in (None, item.type)]

    def status(self, type: str, key: str) -> Status:
        """Return what was given."""
        return self._found[f"{type}/{key}"][1]

    def facts(self, id: str, reader: Any) -> Mapping[str, Any] | None:
        """Answer `resource('type/key')` in templates."""
        del reader
        found = self._found.get(id)
        if found is None:
            return None
        resource, status = found
        told = status.as_dict()
        return {"id": id, "revision": resource.revision, "drifted": bool(status.drift), **told}


def happened(world: "RehearsalWorld", given: Mapping[str, Any]) -> None:
    """Tell that a job came into a state."""
    record = JobRecord(
        id=given.get("id", ulid()),
        kind=given["job"],
        target=given["target"],
        state=JobState("done" if given["state"] == "finished" else given["state"]),
        result=given.get("result"),
        error=None if given.get("error") is None else {"code": "failed", "message": given["error"]},
        created_at=world.clock.time(),
    )
    world.bus.fire(EVENT_JOB_UPDATED, {"job": record.as_dict()})
