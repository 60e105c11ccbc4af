"""Steps that wait: for a time, for a template, for a trigger."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hub.automation import fields
from hub.automation.actions.run import Halt, Run, Waiting
from hub.automation.actions.step import Step
from hub.automation.attach import attach
from hub.templates import Rendered, TemplateError

if TYPE_CHECKING:
    from hub.automation.scope import Scope
    from hub.automation.world import Unsubscribe
    from hub.events import Context


class Delay(Step):
    """Wait a time."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take `delay`."""
        super().__init__(config)
        self._delay = config["delay"]

    def act(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """Sleep by the clock of the house."""
        seconds = fields.seconds(run.world, self._delay, scope.all)
        run.note(path, {"delay": seconds, "done": False})
        return self._sleep(seconds, run, path)

    async def _sleep(self, seconds: float, run: Run, path: str) -> None:
        await run.world.clock.sleep(seconds)
        run.note(path, {"done": True})


class _Wait(Step):
    """Wait until something is found or the time is over; sets the variable `wait`."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take `timeout` and `continue_on_timeout`."""
        super().__init__(config)
        self._timeout = config.get("timeout")
        self._goes_on: bool = config["continue_on_timeout"]

    def act(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """Look once, then wait."""
        timeout = None
        if self._timeout is not None:
            timeout = fields.seconds(run.world, self._timeout, scope.all)
        found: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        def tell(result: dict[str, Any]) -> None:
            if not found.done():
                found.set_result(result)

        stop = self.listen(run, scope, tell)
        if found.done():
            stop()
            self._ended(run, scope, path, found.result(), timeout)
            return None
        return self._wait_for(run, scope, path, found, stop, timeout)

    def listen(
        self, run: Run, scope: "Scope", tell: Callable[[dict[str, Any]], None]
    ) -> "Unsubscribe":
        """Call `tell` with the extra parts of `wait` when it has come."""
        raise NotImplementedError

    async def _wait_for(
        self,
        run: Run,
        scope: "Scope",
        path: str,
        found: "asyncio.Future[dict[str, Any]]",
        stop: "Unsubscribe",
        limit: float | None,
    ) -> None:
        clock = run.world.clock
        cancel: Callable[[], None] | None = None
        deadline = None
        if limit is not None:
            deadline = clock.monotonic() + limit
            cancel = clock.call_later(limit, lambda: found.done() or found.cancel())
        try:
            result = await found
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            self._late(run, scope, path)
        else:
            left = None if deadline is None else max(0.0, deadline - clock.monotonic())
            self._ended(run, scope, path, result, left)
        finally:
            stop()
            if cancel is not None:
                cancel()

    def _ended(
        self, run: Run, scope: "Scope", path: str, result: dict[str, Any], left: float | None
    ) -> None:
        self._tell(run, scope, path, {"remaining": left, "completed": True, **result})

    def _late(self, run: Run, scope: "Scope", path: str) -> None:
        self._tell(run, scope, path, {"remaining": 0.0, "completed": False, "trigger": None})
        if not self._goes_on:
            run.note(path, {"timeout": True})
            raise Halt("aborted", error="the time to wait was over")

    @staticmethod
    def _tell(run: Run, scope: "Scope", path: str, wait: dict[str, Any]) -> None:
        scope.surface("wait", wait)
        run.changed["wait"] = wait
        run.note(path, {"wait": wait})


class WaitTemplate(_Wait):
    """Wait until a template is true."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take `wait_template`."""
        super().__init__(config)
        self._template: str = config["wait_template"]

    def listen(
        self, run: Run, scope: "Scope", tell: Callable[[dict[str, Any]], None]
    ) -> "Unsubscribe":
        """Follow the template."""

        def told(found: Rendered | TemplateError) -> None:
            if isinstance(found, Rendered) and fields.truth(found.result):
                tell({})

        templates = run.world.templates
        tracker = templates.track(
            templates.compile(self._template), told, scope.all, reader=run.reader
        )
        if isinstance(tracker.last, TemplateError):
            tracker.stop()
            raise tracker.last
        if tracker.last is not None:
            told(tracker.last)
        return tracker.stop


class WaitForTrigger(_Wait):
    """Wait until one of some triggers fires."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take `wait_for_trigger`."""
        super().__init__(config)
        self._triggers = config["wait_for_trigger"]

    def listen(
        self, run: Run, scope: "Scope", tell: Callable[[dict[str, Any]], None]
    ) -> "Unsubscribe":
        """Attach the triggers for this one wait."""

        def fired(trigger: dict[str, Any], cause: "Context | None") -> None:
            del cause
            tell({"trigger": trigger})

        return attach(run.world, self._triggers, fired, scope.all, run.name)
