"""Which resource types exist: the core's own, and what integrations declare in their manifests."""

import importlib
import logging
from collections.abc import Callable
from typing import Any, Final

from hub.errors import NotFound
from hub.resources.model import ResourceType
from hub.schema.markers import IDENTITIES, Secret, dotted, markers
from hub.util.packages import PACKAGE, known, manifest

_LOGGER = logging.getLogger(__name__)

_AUTOMATION: Final = "hub.automation.resources"
_HELPERS: Final = "hub.helpers.resources"
_CORE: Final = {
    "host.server": "hub.resources.types.host_server",
    "hub.automation": _AUTOMATION,
    "hub.blueprint": _AUTOMATION,
    "hub.counter": _HELPERS,
    "hub.input_boolean": _HELPERS,
    "hub.input_button": _HELPERS,
    "hub.input_datetime": _HELPERS,
    "hub.input_number": _HELPERS,
    "hub.input_select": _HELPERS,
    "hub.input_text": _HELPERS,
    "hub.recorder_policy": "hub.recorder.resources",
    "hub.scene": _AUTOMATION,
    "hub.schedule": _HELPERS,
    "hub.script": _AUTOMATION,
    "hub.template": "hub.automation.templated.resources",
    "hub.timer": _HELPERS,
}
"""Types that belong to no integration, and the module that declares each.

By name, as those of integrations: the rooms above are imported when a type is first asked for.
"""


class Catalogue:
    """Types by name; an integration's code is imported when one of its types is first asked for."""

    def __init__(self) -> None:
        """Read the manifests; no integration is imported."""
        self._types: dict[str, ResourceType] = {}
        self._modules = dict(_CORE)
        for domain in known():
            for name in manifest(domain).get("resources", ()):
                self._modules[name] = f"{PACKAGE}.{domain}.resources"

    def __contains__(self, name: object) -> bool:
        """Tell whether a type exists."""
        return name in self._types or name in self._modules

    def names(self) -> list[str]:
        """Return the names of all types, in order."""
        return sorted({*self._types, *self._modules})

    def get(self, name: str) -> ResourceType:
        """Return a type; raises `NotFound`, also when its integration can not be loaded."""
        found = self._types.get(name)
        if found is None and name in self._modules:
            found = self._import(name)
        if found is None:
            raise NotFound(
                f"There is no resource type {name!r}; known are {', '.join(self.names())}"
            )
        return found

    def all(self) -> list[ResourceType]:
        """Return every type that can be loaded, by name."""
        found = []
        for name in self.names():
            try:
                found.append(self.get(name))
            except NotFound as error:
                _LOGGER.warning("%s", error.message)
        return found

    def is_controlled(self, name: str) -> bool:
        """Tell whether a controller looks after resources of a type."""
        try:
            return self.get(name).controller is not None
        except NotFound:
            return False

    def register(self, type: ResourceType) -> Callable[[], None]:
        """Add a type and return the function that removes it; raises `ValueError` when known."""
        if type.name in self:
            raise ValueError(f"resource type {type.name} exists already")
        _check(type)
        self._types[type.name] = type
        return lambda: self._forget(type.name)

    def _forget(self, name: str) -> None:
        self._types.pop(name, None)

    def _import(self, name: str) -> ResourceType | None:
        """Import the module that declares a type."""
        try:
            module: Any = importlib.import_module(self._modules[name])
            for found in module.TYPES:
                _check(found)
        except Exception as error:
            _LOGGER.exception("Resource type %s can not be loaded", name)
            raise NotFound(f"Resource type {name} can not be loaded: {error}") from error
        for found in module.TYPES:
            self._types.setdefault(found.name, found)
        return self._types.get(name)


def _check(type: ResourceType) -> None:
    """Raise `ValueError` for a declaration that can not work."""
    domain, dot, noun = type.name.partition(".")
    if not (domain and dot and noun) or "." in noun or "/" in noun:
        raise ValueError(f"resource type {type.name!r}: expected domain.noun")
    for path, marker in markers(type.schema):
        if isinstance(marker, Secret) and "*" in path and path[-1] in IDENTITIES:
            # The place that a secret is sealed to would follow from the secret.
            raise ValueError(f"resource type {type.name}: {dotted(path)} can not be a secret")
