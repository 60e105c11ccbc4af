"""`resource`: resources are in a phase, or have drifted or not."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import voluptuous as vol

from hub.automation import fields
from hub.automation.conditions.kind import Check, Compile, ConditionError, ConditionKind
from hub.errors import NotFound
from hub.resources.model import Phase
from hub.schema import boolean
from hub.schema.markers import resource_key

if TYPE_CHECKING:
    from hub.automation.trace import Trace
    from hub.automation.world import World
    from hub.resources.model import Resource, Status

PHASES: Final = tuple(phase.value for phase in Phase)


class Statuses(Protocol):
    """Resources as triggers and conditions see them; `hub.resources.Resources` is one."""

    def get(self, type: str, key: str) -> "Resource":
        """Return a resource; raises `NotFound`."""

    def list(self, type: str | None = None) -> "list[Resource]":
        """Return all resources, or those of a type."""

    def status(self, type: str, key: str) -> "Status":
        """Return what was observed last."""


def statuses(world: "World") -> Statuses | None:
    """Return the resources of a world; a rehearsal has none."""
    return cast("Statuses | None", getattr(world, "resources", None))


def phases(value: object) -> list[str]:
    """Accept a phase or several."""
    found = fields.texts(value)
    for index, phase in enumerate(found):
        if phase not in PHASES:
            raise vol.Invalid(f"expected one of {', '.join(PHASES)}", path=[index])
    return found


def resource_type(value: object) -> str:
    """Accept the name of a resource type, such as `proxy.host`."""
    domain, dot, noun = value.partition(".") if isinstance(value, str) else ("", "", "")
    if not (domain and dot and noun):
        raise vol.Invalid("expected a resource type such as proxy.host")
    return f"{domain}.{noun}"


def keys(value: object) -> list[str]:
    """Accept the key of a resource or several."""
    return each(value, resource_key)


def each(value: object, accept: Callable[[object], str]) -> list[str]:
    """Accept one item or a list of items."""
    found = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        try:
            found.append(accept(item))
        except vol.Invalid as error:
            error.prepend([index] if isinstance(value, list) else [])
            raise
    return found


def drifted(status: "Status") -> bool:
    """Tell whether the outside differs from what is desired, by the last look."""
    return bool(status.drift) or status.phase is Phase.DRIFTED


def _check(config: Mapping[str, Any]) -> None:
    if not config.keys() & {"phase", "drift"}:
        raise vol.Invalid("phase or drift is missing: what must hold")


def compile(world: "World", config: Mapping[str, Any], inner: Compile) -> Check:  # noqa: A001
    """Look at the status of each resource."""
    del inner
    type_, wanted, drift = config["type"], config.get("phase"), config.get("drift")

    def check(variables: Mapping[str, Any], trace: "Trace | None", path: str) -> bool:
        del variables
        for index, key in enumerate(config["key"]):
            status = _status(world, type_, key)
            held = (wanted is None or status.phase.value in wanted) and (
                drift is None or drifted(status) is drift
            )
            if trace is not None:
                at = f"{path}/key/{index}"
                trace.begin(at)
                phase = status.phase.value
                found = {"result": held, "phase": phase, "drift": drifted(status)}
                trace.note(at, found)
            if not held:
                return False
        return True

    return check


def _status(world: "World", type_: str, key: str) -> "Status":
    resources = statuses(world)
    try:
        if resources is not None:
            resources.get(type_, key)
            return resources.status(type_, key)
    except NotFound:
        pass
    raise ConditionError(f"In 'resource' condition: unknown resource {type_}/{key}")


KIND: Final = ConditionKind(
    "resource",
    {
        vol.Required("type"): resource_type,
        vol.Required("key"): keys,
        vol.Optional("phase"): phases,
        vol.Optional("drift"): boolean,
    },
    compile,
    _check,
)
