"""What a run did, step by step: kept in memory, drawn by the page."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from hub.states import State
from hub.util.times import iso

if TYPE_CHECKING:
    from hub.events import Context

MAX_STEPS: Final = 1000
"""Steps that one trace keeps; a long loop's later rounds are counted, not kept."""

MAX_PER_PATH: Final = 20
"""How many rounds of one step are kept."""


class Trace:
    """Steps by path, as `trace/get` tells them (Home Assistant's TRACE)."""

    __slots__ = (
        "_now",
        "_run_id",
        "_steps",
        "config",
        "context",
        "domain",
        "error",
        "execution",
        "finish",
        "item_id",
        "last",
        "start",
        "steps_left_out",
        "trigger",
    )

    def __init__(
        self, domain: str, item_id: str, config: Mapping[str, Any], context: "Context", now: Any
    ) -> None:
        """Begin now; `now()` gives epoch seconds, `config` is what the person wrote."""
        self.domain = domain
        self.item_id = item_id
        self.config = config
        self.context = context
        self._run_id: str | None = None
        self.start: float = now()
        self.finish: float | None = None
        self.trigger: str | None = None
        """The trigger's description, for automations."""
        self.execution: str | None = None
        """How it ended: finished, failed_conditions, failed_single, error, cancelled ..."""
        self.error: str | None = None
        self.last: str | None = None
        """The path of the last step."""
        self.steps_left_out = 0
        self._now = now
        self._steps: dict[str, list[_Step]] = {}

    @property
    def run_id(self) -> str:
        """Return 32 hexadecimal digits, drawn when they are first asked for."""
        if (found := self._run_id) is None:
            found = self._run_id = uuid4().hex
        return found

    def begin(self, path: str, changed: Mapping[str, Any] | None = None) -> "_Step | None":
        """Note that a step starts, with the variables that are new; None when it is not kept."""
        self.last = path
        steps = self._steps.get(path)
        if steps is None:
            if len(self._steps) >= MAX_STEPS:
                self.steps_left_out += 1
                return None
            steps = self._steps[path] = []
        elif len(steps) >= MAX_PER_PATH:
            self.steps_left_out += 1
            return None
        step = _Step(self._now(), changed)
        steps.append(step)
        return step

    def note(
        self, path: str, result: dict[str, Any] | None = None, error: str | None = None
    ) -> None:
        """Add what a step at `path` found or how it failed; `result` becomes the trace's own."""
        steps = self._steps.get(path)
        step = steps[-1] if steps else self.begin(path)
        if step is None:
            return
        if result is not None:
            if step.result is None:
                step.result = result
            else:
                step.result.update(result)
        if error is not None:
            step.error = error

    def end(self, execution: str, error: str | None = None) -> None:
        """Note how the run ended."""
        if self.finish is None:
            self.finish = self._now()
            self.execution = execution
            self.error = error

    @property
    def paths(self) -> list[str]:
        """Return the paths in the order in which they were first reached."""
        return list(self._steps)

    def short(self) -> dict[str, Any]:
        """Return TRACE_SHORT."""
        found: dict[str, Any] = {
            "last_step": self.last,
            "run_id": self.run_id,
            "state": "running" if self.finish is None else "stopped",
            "script_execution": self.execution,
            "timestamp": {
                "start": iso(self.start),
                "finish": None if self.finish is None else iso(self.finish),
            },
            "domain": self.domain,
            "item_id": self.item_id,
        }
        if self.domain == "automation":
            found["trigger"] = self.trigger
        if self.error is not None:
            found["error"] = self.error
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return TRACE."""
        return {
            **self.short(),
            "trace": {
                path: [step.as_dict(path) for step in steps] for path, steps in self._steps.items()
            },
            "config": self.config,
            "blueprint_inputs": _inputs(self.config),
            "context": self.context.as_dict(),
            "steps_left_out": self.steps_left_out,
        }


class _Step:
    """One time that a step was reached."""

    __slots__ = ("at", "changed", "error", "result")

    def __init__(self, at: float, changed: Mapping[str, Any] | None) -> None:
        self.at = at
        self.changed = changed
        self.result: dict[str, Any] | None = None
        self.error: str | None = None

    def as_dict(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {"path": path, "timestamp": iso(self.at)}
        if self.changed:
            found["changed_variables"] = plain(self.changed)
        if self.result is not None:
            found["result"] = plain(self.result)
        if self.error is not None:
            found["error"] = self.error
        return found


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON can hold it; states as objects, what is unknown as its text."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, State):
        return value.as_dict()
    if depth > 12:
        return "..."
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item, depth + 1) for item in value]
    if hasattr(value, "as_dict"):
        return plain(value.as_dict(), depth + 1)
    return str(value)


def _inputs(config: Mapping[str, Any]) -> Any:
    blueprint = config.get("use_blueprint")
    return {"use_blueprint": blueprint} if isinstance(blueprint, Mapping) else None
