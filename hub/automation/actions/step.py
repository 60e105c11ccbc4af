"""The frame of every action: enabled, traced, and what a failure leads to."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hub.automation import fields
from hub.automation.actions.run import Run, Waiting
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.automation.scope import Scope


class Step:
    """One action. A step that need not wait has ended when `start` returns."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take the normalised action."""
        self.enabled = config.get("enabled", True)
        self.continues = config.get("continue_on_error", False)

    def act(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """Do it, or begin to and return what is to be awaited."""
        raise NotImplementedError

    def start(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """Do it within its frame; raises `HubError` or `Halt`."""
        run.begin(path)
        try:
            if self.enabled is not True and not self._is_enabled(run, scope):
                run.note(path, {"enabled": False})
                return None
            waiting = self.act(run, scope, path)
        except HubError as error:
            self._fail(run, path, error)
            return None
        return None if waiting is None else self._wait(waiting, run, path)

    async def _wait(self, waiting: Awaitable[None], run: Run, path: str) -> None:
        try:
            await waiting
        except HubError as error:
            self._fail(run, path, error)

    def _fail(self, run: Run, path: str, error: HubError) -> None:
        run.failed(path, error.message)
        if not self.continues:
            raise error

    def _is_enabled(self, run: Run, scope: "Scope") -> bool:
        if isinstance(self.enabled, bool):
            return self.enabled
        return fields.truth(run.render(self.enabled, scope))


class Steps:
    """Actions one after the other."""

    def __init__(self, steps: Sequence[Step]) -> None:
        """Take them in order."""
        self._steps = tuple(steps)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._steps)

    def start(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """Do them; `path` is what stands before `/0`."""
        return self._from(0, run, scope, path)

    def _from(self, first: int, run: Run, scope: "Scope", path: str) -> Waiting:
        for index in range(first, len(self._steps)):
            waiting = self._steps[index].start(run, scope, f"{path}/{index}")
            if waiting is not None:
                return self._rest(waiting, index + 1, run, scope, path)
        return None

    async def _rest(
        self, waiting: Awaitable[None], index: int, run: Run, scope: "Scope", path: str
    ) -> None:
        await waiting
        while index < len(self._steps):
            waiting_now = self._steps[index].start(run, scope, f"{path}/{index}")
            if waiting_now is not None:
                await waiting_now
            index += 1
