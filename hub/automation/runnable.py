"""What automations and scripts share: runs, their mode, their traces."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hub.automation.actions.compiled import steps
from hub.automation.actions.run import Halt, Run
from hub.automation.trace import Trace
from hub.automation.validation import SILENT
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.automation.world import World
    from hub.events import Context
    from hub.templates import Reader


class Runnable:
    """Runs one sequence in its mode and keeps the traces of its last runs."""

    kind: ClassVar[str]
    path: ClassVar[str]
    """What stands before the number of a step: `action`, `sequence`."""

    def __init__(
        self, world: "World", key: str, raw: Mapping[str, Any], config: Mapping[str, Any]
    ) -> None:
        """`raw` is what the person wrote, `config` its normalised form."""
        self.world = world
        self.key = key
        self.raw = raw
        self.config = config
        self.id = key
        self.entity_id = f"{self.kind}.{key}"
        self.owner: str | None = None
        """The user with whose rights it acts; None = the house itself."""
        self.reader: Reader | None = None
        self.last_triggered: float | None = None
        self.last_context: Context | None = None
        self.running: list[Run] = []
        self.rehearses = False
        """Switched on by hand, whatever `dry_run` of its text says."""
        self.problem: str | None = None
        """Why it does not work now, in words."""
        self.changed: Callable[[], object] = lambda: None
        """Called when state or attributes of its entity are others."""
        self._queue: deque[Run] = deque()
        self._stored: int = config["trace"]["stored_traces"]
        self.traces: deque[Trace] = deque(maxlen=self._stored)
        self._steps = steps(world, self._actions())
        self._logger = logging.getLogger(f"hub.automation.{self.kind}.{key}")

    def _actions(self) -> Any:
        raise NotImplementedError

    @property
    def name(self) -> str:
        """Return the alias, else the key in words."""
        alias = self.config.get("alias")
        return self.key.replace("_", " ") if alias is None else str(alias)

    @property
    def dry_run(self) -> bool:
        """Tell whether calls are only noted."""
        return self.rehearses or bool(self.config["dry_run"])

    @property
    def attributes(self) -> dict[str, Any]:
        """Return the attributes of its entity."""
        from hub.util.times import iso

        at = self.last_triggered
        mode = self.config["mode"]
        found: dict[str, Any] = {
            "last_triggered": None if at is None else iso(at),
            "mode": mode,
            "current": len(self.running),
        }
        if mode in ("queued", "parallel"):
            found["max"] = self.config["max"]
        if self.dry_run:
            found["dry_run"] = True
        if self.problem is not None:
            found["problem"] = self.problem
        return found

    @property
    def is_active(self) -> bool:
        """Tell whether its entity is `on`."""
        return bool(self.running)

    def succeed(self, before: "Runnable") -> None:
        """Go on with the memory of the item whose text this one's replaces."""
        self.last_triggered = before.last_triggered
        self.traces.extend(before.traces)

    def retire(self) -> None:
        """End for good, with nobody told any more."""
        self.changed = _nothing
        self.stop()

    def stop(self) -> None:
        """Cancel what runs and forget what waits."""
        while self._queue:
            run = self._queue.popleft()
            _finish(run, "cancelled")
            if run.turn is not None:
                run.turn.cancel()
        for run in tuple(self.running):
            if run.task is not None:
                run.task.cancel()

    def new_trace(self, context: "Context") -> Trace | None:
        """Return a trace that is kept, None where none are."""
        if not self._stored:
            return None
        trace = Trace(self.kind, self.id, self.raw, context, self.world.clock.time)
        self.traces.append(trace)
        return trace

    def refused(self) -> str | None:
        """Return how a run would be refused by the mode now."""
        if not self.running:
            return None
        mode = self.config["mode"]
        if mode == "single":
            return "failed_single"
        if mode == "restart":
            return None
        busy = len(self.running) + len(self._queue)
        return "failed_max_runs" if busy >= self.config["max"] else None

    def refuse(self, trace: Trace | None, reason: str) -> None:
        """Note a run that the mode forbids."""
        if trace is not None:
            trace.end(reason)
        level = self.config["max_exceeded"]
        if level != SILENT:
            words = "already running" if reason == "failed_single" else "too many runs"
            self._logger.log(getattr(logging, level.upper()), "%s: %s", self.name, words)

    def begin(
        self,
        context: "Context",
        variables: Mapping[str, Any],
        trace: Trace | None,
        started: Callable[[], object] = lambda: None,
    ) -> Run:
        """Run the sequence as its mode says; whether it may has been asked before.

        `started` is called when it really begins. A sequence that never waits has ended when this
        returns; `run.ended()` waits for the others.
        """
        run = Run(
            self.world,
            self.name,
            context,
            variables,
            trace,
            dry=self.dry_run,
            reader=self.reader,
        )
        run.started = started
        mode = self.config["mode"]
        if self.running and mode == "restart":
            for other in tuple(self.running):
                if other.task is not None:
                    other.task.cancel()
        if self.running and mode == "queued":
            run.turn = asyncio.get_running_loop().create_future()
            self._queue.append(run)
        else:
            self._start(run)
        return run

    def _start(self, run: Run) -> None:
        self.last_triggered = self.world.clock.time()
        self.last_context = run.context
        self.running.append(run)
        run.started()
        try:
            waiting = self._steps.start(run, run.scope, self.path)
        except Exception as error:  # noqa: BLE001 - every ending is told in one place
            self._end(run, error)
            return
        if waiting is None:
            self._end(run, None)
            return
        run.task = self.world.tasks.spawn(self._rest(run, waiting), f"{self.kind} {self.key}")
        self.changed()

    async def _rest(self, run: Run, waiting: Awaitable[None]) -> None:
        """Await what is left of a run."""
        try:
            await waiting
        except asyncio.CancelledError:
            self._end(run, None, "cancelled")
            raise
        except Exception as error:  # noqa: BLE001 - every ending is told in one place
            self._end(run, error)
        else:
            self._end(run, None)

    def _end(self, run: Run, error: Exception | None, execution: str = "finished") -> None:
        """Note how a run ended and start the next that waits."""
        if run in self.running:
            self.running.remove(run)
        if isinstance(error, Halt):
            run.response = error.response
            _finish(run, error.execution, error.error)
        elif isinstance(error, HubError):
            run.failure = error
            _finish(run, "error", error.message)
            self._logger.warning("%s: %s", self.name, error.message)
        elif error is not None:
            run.failure = error
            _finish(run, "error", f"{type(error).__name__}: {error}")
            self._logger.error("%s failed", self.name, exc_info=error)
        else:
            _finish(run, execution)
        self.changed()
        if self._queue and not self.running:
            # after the present call stack: a long queue must not become a deep one
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        """Start the run that waits longest."""
        if self.running or not self._queue:
            return
        run = self._queue.popleft()
        self._start(run)
        if run.turn is not None and not run.turn.done():
            run.turn.set_result(None)


def _finish(run: Run, execution: str, error: str | None = None) -> None:
    if run.trace is not None:
        run.trace.end(execution, error)


def _nothing() -> None:
    pass
