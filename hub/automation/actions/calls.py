"""Steps that do something to the house: service calls, scenes, events."""

import inspect
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any

from hub.automation import fields
from hub.automation.actions.run import Run, Waiting
from hub.automation.actions.step import Step
from hub.errors import InvalidFormat

if TYPE_CHECKING:
    from hub.automation.scope import Scope


class Call(Step):
    """Call a service and wait for its end."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take `action`, `data`, `target`, `response_variable`."""
        super().__init__(config)
        self._action: str = config["action"]
        self._data: Any = config["data"]
        self._target: Any = config.get("target")
        self._variable: str | None = config.get("response_variable")
        self._fixed: tuple[str, str, dict[str, Any], dict[str, Any] | None] | None = None
        """The whole call when there is no template in it."""
        if not fields.has_template([self._action, self._data, self._target]):
            self._fixed = (*_named(self._action), self._data, self._target)

    def act(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """Render what is to be rendered and call."""
        domain, service, data, target = self._fixed or self._rendered(run, scope)
        run.note(
            path,
            {
                "params": {
                    "domain": domain,
                    "service": service,
                    "service_data": data,
                    "target": target or {},
                },
                "running_script": domain == "script",
            },
        )
        if run.dry:
            run.note(path, {"dry_run": True})
            self._answered(None, run, scope)
            return None
        result = run.world.services.start(
            domain, service, data, target, run.context, self._variable is not None
        )
        if inspect.isawaitable(result):
            return self._finish(result, run, scope)
        self._answered(result, run, scope)
        return None

    def _rendered(
        self, run: Run, scope: "Scope"
    ) -> tuple[str, str, dict[str, Any], dict[str, Any] | None]:
        domain, service = _named(run.render(self._action, scope))
        target = run.render(self._target, scope)
        return (
            domain,
            service,
            _mapping("data", run.render(self._data, scope)),
            None if target is None else _mapping("target", target),
        )

    async def _finish(self, result: Awaitable[Any], run: Run, scope: "Scope") -> None:
        self._answered(await result, run, scope)

    def _answered(self, response: Any, run: Run, scope: "Scope") -> None:
        if self._variable is not None:
            run.set(scope, self._variable, {} if response is None else response)


class Scene(Call):
    """Turn a scene on: `scene: scene.evening`."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take `scene`."""
        super().__init__(
            {
                **config,
                "action": "scene.turn_on",
                "data": {},
                "target": {"entity_id": config["scene"]},
            }
        )


class Fire(Step):
    """Fire an event."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take `event` and `event_data`."""
        super().__init__(config)
        self._event: str = config["event"]
        self._data: Any = config["event_data"]

    def act(self, run: Run, scope: "Scope", path: str) -> Waiting:
        """Fire it with the run's context."""
        data = _mapping("event_data", run.render(self._data, scope))
        run.note(path, {"event": self._event, "event_data": data})
        if run.dry:
            run.note(path, {"dry_run": True})
        else:
            run.world.bus.fire(self._event, data, run.context)
        return None


def _named(action: object) -> tuple[str, str]:
    """Return domain and service of a rendered name."""
    domain, dot, service = str(action).strip().partition(".")
    if not (domain and dot and service):
        raise InvalidFormat(f"action gave {action!r}: expected a name such as light.turn_on")
    return domain, service


def _mapping(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidFormat(f"{name} gave {type(value).__name__}: expected a mapping")
    return value
