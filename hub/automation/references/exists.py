"""Whether there is in a house what a name stands for."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from hub.automation.references.named import Kind
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.hub import Hub


def exists(hub: "Hub", kind: Kind, value: str) -> bool:
    """Tell whether there is an entity, a place, a service or a resource of this name."""
    return _EXISTS[kind](hub, value)


def _entity(hub: "Hub", value: str) -> bool:
    registry = hub.entity_registry
    return (
        hub.states.get(value) is not None
        or registry.get(value) is not None
        or registry.by_key(value) is not None
    )


def _service(hub: "Hub", value: str) -> bool:
    domain, _, service = value.partition(".")
    return hub.services.has(domain, service)


def _resource(hub: "Hub", value: str) -> bool:
    kind, _, key = value.partition("/")
    try:
        hub.resources.get(kind, key)
    except HubError:
        return False
    return True


def _area(hub: "Hub", value: str) -> bool:
    return hub.areas.get(value) is not None or _by_name(hub.areas, value)


def _floor(hub: "Hub", value: str) -> bool:
    return hub.floors.get(value) is not None or _by_name(hub.floors, value)


def _label(hub: "Hub", value: str) -> bool:
    return hub.labels.get(value) is not None or hub.labels.by_name(value) is not None


def _by_name(registry: Any, value: str) -> bool:
    if registry.by_name(value) is not None:
        return True
    return any(value in entry.aliases for entry in registry.all())


_EXISTS: Final[dict[Kind, Callable[["Hub", str], bool]]] = {
    Kind.ENTITY: _entity,
    Kind.DEVICE: lambda hub, value: hub.devices.get(value) is not None,
    Kind.AREA: _area,
    Kind.FLOOR: _floor,
    Kind.LABEL: _label,
    Kind.SERVICE: _service,
    Kind.RESOURCE: _resource,
}
