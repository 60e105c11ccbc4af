"""`job`: a long operation begins or ends."""

from collections import OrderedDict
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import fields
from hub.automation.triggers.kind import Run, TriggerKind
from hub.const import EVENT_JOB_UPDATED
from hub.jobs.job import JobState

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World
    from hub.events import Event

_STATES: Final = tuple(state.value for state in JobState)
_ENDED: Final = [state.value for state in JobState if state.ended]
_REMEMBERED: Final = 1000
"""Jobs whose last state a trigger knows; the oldest are forgotten first."""


def _states(value: object) -> list[str]:
    """Accept states; `finished` is another word for done."""
    found = ["done" if state == "finished" else state for state in fields.texts(value)]
    for index, state in enumerate(found):
        if state not in _STATES:
            raise vol.Invalid(f"expected some of {', '.join(_STATES)}", path=[index])
    return found


class _JobTrigger:
    """Fires once when a job comes into one of the states."""

    def __init__(self, config: Mapping[str, Any], run: Run) -> None:
        self._run = run
        self._kinds = config.get("kind")
        self._targets = config.get("target")
        self._states = frozenset(config["state"])
        self._known: OrderedDict[str, str] = OrderedDict()

    def happened(self, event: "Event") -> None:
        """Look whether a job's state is new."""
        job: Mapping[str, Any] = event.data["job"]
        state, job_id = job["state"], job["id"]
        before = self._known.get(job_id)
        if before == state or not self._fits(job):
            return
        self._known[job_id] = state
        self._known.move_to_end(job_id)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        if state in self._states:
            trigger = {
                "platform": "job",
                "job": job,
                "kind": job["kind"],
                "target": job["target"],
                "from_state": before,
                "to_state": state,
                "result": job["result"],
                "error": job["error"],
                "description": f"job {job['kind']} of {job['target']} {state}",
            }
            self._run(trigger, event.context)

    def _fits(self, job: Mapping[str, Any]) -> bool:
        return all(
            wanted is None or any(fnmatchcase(job[name], one) for one in wanted)
            for name, wanted in (("kind", self._kinds), ("target", self._targets))
        )


def attach(
    world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
) -> "Unsubscribe":
    """Listen to the jobs."""
    del variables
    return world.bus.listen(EVENT_JOB_UPDATED, _JobTrigger(config, run).happened)


KIND: Final = TriggerKind(
    "job",
    {
        vol.Optional("kind"): fields.texts,
        vol.Optional("target"): fields.texts,
        vol.Optional("state", default=lambda: list(_ENDED)): _states,
    },
    attach,
)
