"""One run of a sequence: what it knows, what it may, and how it can end."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.automation.scope import Scope
from hub.errors import HubError

if TYPE_CHECKING:
    import asyncio

    from hub.automation.trace import Trace
    from hub.automation.world import World
    from hub.events import Context
    from hub.templates import Reader

MAX_ROUNDS: Final = 100_000
"""Rounds of one `repeat` before it counts as a loop without end."""

Waiting = Awaitable[None] | None
"""What a step returns: nothing when it is done, else what is to be awaited."""


class Halt(Exception):  # noqa: N818 - an ending, not an error
    """The run ends here on purpose."""

    def __init__(self, execution: str, response: Any = None, error: str | None = None) -> None:
        """Say how it ended: `finished` or `aborted`."""
        super().__init__(execution)
        self.execution = execution
        self.response = response
        self.error = error


class Stopped(HubError):  # noqa: N818 - the wire names these without "Error"
    """A `stop` with `error: true` ended the run."""

    code = "script_stopped"
    http_status = 400


class Endless(HubError):  # noqa: N818
    """A loop or a chain of automations would never have ended."""

    code = "endless_loop"
    http_status = 400


class Run:
    """State of one run; steps read and change it."""

    __slots__ = (
        "changed",
        "context",
        "dry",
        "failure",
        "name",
        "reader",
        "response",
        "scope",
        "started",
        "task",
        "trace",
        "turn",
        "world",
    )

    def __init__(
        self,
        world: "World",
        name: str,
        context: "Context",
        variables: Mapping[str, Any],
        trace: "Trace | None" = None,
        *,
        dry: bool = False,
        reader: "Reader | None" = None,
    ) -> None:
        """`dry`: calls and events are noted in the trace and not made; `reader`: whose eyes."""
        self.world = world
        self.name = name
        self.context = context
        self.scope = Scope(variables)
        self.trace = trace
        self.dry = dry
        self.reader = reader
        self.task: asyncio.Task[Any] | None = None
        self.turn: asyncio.Future[None] | None = None
        """Set for a run that waits for its turn; done when it has begun, or never will."""
        self.failure: Exception | None = None
        self.response: Any = None
        self.started: Callable[[], object] = _nothing
        """What to call when a run that waits for its turn begins."""
        self.changed: dict[str, Any] = {}
        """Variables that changed since the last step began."""

    @property
    def is_over(self) -> bool:
        """Tell whether it ended well without ever waiting."""
        return self.turn is None and self.task is None and self.failure is None

    async def ended(self) -> Any:
        """Wait for the end and return the response; raises what made it fail."""
        if self.turn is not None:
            await self.turn
        if self.task is not None:
            await self.task
        if self.failure is not None:
            raise self.failure
        return self.response

    def begin(self, path: str) -> None:
        """Note that a step starts."""
        if self.trace is not None:
            changed, self.changed = self.changed, {}
            self.trace.begin(path, changed)

    def note(self, path: str, result: dict[str, Any]) -> None:
        """Note what a step did."""
        if self.trace is not None:
            self.trace.note(path, result)

    def failed(self, path: str, error: str) -> None:
        """Note why a step failed."""
        if self.trace is not None:
            self.trace.note(path, error=error)

    def set(self, scope: Scope, name: str, value: Any) -> None:
        """Give a variable its value."""
        scope.set(name, value)
        self.changed[name] = value

    def define(self, scope: Scope, name: str, value: Any) -> None:
        """Make a variable of a scope, such as `repeat`."""
        scope.define(name, value)
        self.changed[name] = value

    def render(self, value: Any, scope: Scope) -> Any:
        """Return a value with its templates rendered; raises `TemplateError`."""
        return self.world.templates.render(value, scope.all, self.reader)


def _nothing() -> None:
    pass
