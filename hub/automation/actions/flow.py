"""Steps that decide what comes next: conditions, choose, if, repeat, parallel, variables, stop."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hub.automation.actions.run import MAX_ROUNDS, Endless, Halt, Run, Stopped, Waiting
from hub.automation.actions.step import Step, Steps
from hub.errors import HubError, InvalidFormat

if TYPE_CHECKING:
    from hub.automation.conditions.kind import Check
    from hub.automation.scope import Scope

BREATH = 100
"""Rounds that never wait before others get their turn."""


class Checks:
    """Conditions that must all hold."""

    def __init__(self, checks: "Sequence[Check]") -> None:
        """Take them in order."""
        self._checks = tuple(checks)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._checks)

    def hold(self, run: Run, scope: "Scope", path: str) -> bool:
        """Ask one after the other until one does not hold; raises `ConditionError`."""
        variables = scope.all
        for index, check in enumerate(self._checks):
            at = f"{path}/{index}"
            run.begin(at)
            held = check(variables, run.trace, at)
            run.note(at, {"result": held})
            if not held:
                return False
        return True


class Condition(Step):
    """Go on only when a condition holds."""

    def __init__(self, config: Mapping[str, Any], check: "Check") -> None:
        """Take the compiled condition."""
        super().__init__(config)
        self._check = check

    def act(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """Ask, and end the run when it does not hold."""
        held = self._check(scope.all, run.trace, path)
        run.note(path, {"result": held})
        if not held:
            raise Halt("aborted")
        return None


class Choose(Step):
    """Do the sequence of the first option whose conditions hold."""

    def __init__(
        self, config: Mapping[str, Any], options: Sequence[tuple[Checks, Steps]], default: Steps
    ) -> None:
        """Take options in order and what is done when none fits."""
        super().__init__(config)
        self._options = tuple(options)
        self._default = default

    def act(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """Choose and begin."""
        for index, (checks, steps) in enumerate(self._options):
            at = f"{path}/choose/{index}"
            run.begin(at)
            held = checks.hold(run, scope, f"{at}/conditions")
            run.note(at, {"result": held})
            if held:
                run.note(path, {"choice": index})
                return steps.start(run, scope.inner(), f"{at}/sequence")
        if len(self._default):
            run.note(path, {"choice": "default"})
            return self._default.start(run, scope.inner(), f"{path}/default")
        run.note(path, {"choice": None})
        return None


class If(Step):
    """Do one of two sequences."""

    def __init__(
        self, config: Mapping[str, Any], checks: Checks, then: Steps, otherwise: Steps
    ) -> None:
        """Take the conditions and both sequences."""
        super().__init__(config)
        self._checks = checks
        self._then = then
        self._else = otherwise

    def act(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """Decide and begin."""
        at = f"{path}/if"
        run.begin(at)
        held = self._checks.hold(run, scope, f"{at}/condition")
        run.note(at, {"result": held})
        if held:
            run.note(path, {"choice": "then"})
            return self._then.start(run, scope.inner(), f"{path}/then")
        if len(self._else):
            run.note(path, {"choice": "else"})
            return self._else.start(run, scope.inner(), f"{path}/else")
        run.note(path, {"choice": None})
        return None


class Repeat(Step):
    """Do a sequence several times; the variable `repeat` tells which round it is."""

    def __init__(
        self,
        config: Mapping[str, Any],
        sequence: Steps,
        before: Checks | None = None,
        after: Checks | None = None,
    ) -> None:
        """`before`: the checks of `while`; `after`: those of `until`."""
        super().__init__(config)
        self._count = config["repeat"].get("count")
        self._each = config["repeat"].get("for_each")
        self._sequence = sequence
        self._while = before
        self._until = after

    def act(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """Begin; loops always run as something that waits, so that they can be ended."""
        return self._loop(run, scope.inner(), path)

    async def _loop(self, run: Run, scope: "Scope", path: str) -> None:
        items = self._items(run, scope)
        index = 0
        while items is None or index < len(items):
            index += 1
            if index > MAX_ROUNDS:
                raise Endless(f"repeat ran {MAX_ROUNDS} times: it would never end")
            self._tell(run, scope, index, items)
            if self._while is not None and not self._while.hold(run, scope, f"{path}/repeat/while"):
                return
            waiting = self._sequence.start(run, scope.inner(), f"{path}/repeat/sequence")
            if waiting is not None:
                await waiting
            elif index % BREATH == 0:
                await asyncio.sleep(0)
            if self._until is not None and self._until.hold(run, scope, f"{path}/repeat/until"):
                return

    def _items(self, run: Run, scope: "Scope") -> Sequence[Any] | None:
        """Return what each round is about; None for loops that conditions end."""
        if self._each is not None:
            found = run.render(self._each, scope)
            if not isinstance(found, list | tuple):
                raise InvalidFormat(f"for_each gave {type(found).__name__}: expected a list")
            return found
        if self._count is None:
            return None
        number = run.render(self._count, scope)
        try:
            rounds = int(number)
        except (TypeError, ValueError):
            raise InvalidFormat(f"count gave {number!r}: expected a number") from None
        if rounds > MAX_ROUNDS:
            raise Endless(f"count gave {rounds}: at most {MAX_ROUNDS} rounds are done")
        return range(max(0, rounds))

    def _tell(self, run: Run, scope: "Scope", index: int, items: Sequence[Any] | None) -> None:
        repeat: dict[str, Any] = {"first": index == 1, "index": index}
        if items is not None:
            repeat["last"] = index == len(items)
        if self._each is not None and items is not None:
            repeat["item"] = items[index - 1]
        run.define(scope, "repeat", repeat)


class Parallel(Step):
    """Do several sequences at the same time."""

    def __init__(
        self, config: Mapping[str, Any], branches: Sequence[tuple[Mapping[str, Any], Steps]]
    ) -> None:
        """Take branches with their own fields."""
        super().__init__(config)
        self._branches = tuple(_Branch(own, steps) for own, steps in branches)

    def act(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """Begin all; the first failure is told after all have ended."""
        waiting: list[Awaitable[None]] = []
        failed: list[BaseException] = []
        for index, branch in enumerate(self._branches):
            try:
                own = scope.inner()
                own.apart = True
                found = branch.start(run, own, f"{path}/parallel/{index}")
            except (HubError, Halt) as error:
                failed.append(error)
                continue
            if found is not None:
                waiting.append(found)
        if waiting:
            return self._all(waiting, failed)
        if failed:
            raise failed[0]
        return None

    @staticmethod
    async def _all(waiting: Sequence[Awaitable[None]], failed: list[BaseException]) -> None:
        results = await asyncio.gather(*waiting, return_exceptions=True)
        failed += [result for result in results if isinstance(result, BaseException)]
        if failed:
            raise failed[0]


class _Branch(Step):
    """One side of `parallel`."""

    def __init__(self, config: Mapping[str, Any], steps: Steps) -> None:
        super().__init__(config)
        self._steps = steps

    def act(self, run: Run, scope: "Scope", path: str) -> Waiting:
        return self._steps.start(run, scope, f"{path}/sequence")


class Inner(Step):
    """A sequence inside a sequence."""

    def __init__(self, config: Mapping[str, Any], steps: Steps) -> None:
        """Take its steps."""
        super().__init__(config)
        self._steps = steps

    def act(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """Begin with variables of its own."""
        return self._steps.start(run, scope.inner(), f"{path}/sequence")


class Variables(Step):
    """Give variables their values, one after the other."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take `variables`."""
        super().__init__(config)
        self._variables: Mapping[str, Any] = config["variables"]

    def act(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """Render each with what is known by then."""
        told = {}
        for name, value in self._variables.items():
            told[name] = run.render(value, scope)
            run.set(scope, name, told[name])
        run.note(path, {"variables": told})
        return None


class Stop(Step):
    """End the run."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take `stop`, `error`, `response_variable`."""
        super().__init__(config)
        self._message: str = config["stop"]
        self._error: bool = config["error"]
        self._variable: str | None = config.get("response_variable")

    def act(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """End it, with the response or as a failure."""
        message = str(run.render(self._message, scope))
        run.note(path, {"stop": message, "error": self._error})
        if self._error:
            raise Stopped(message or "stopped")
        response = None
        if self._variable is not None:
            known = scope.all
            if self._variable not in known:
                raise InvalidFormat(f"response_variable: there is no variable {self._variable}")
            response = known[self._variable]
        raise Halt("finished", response)
