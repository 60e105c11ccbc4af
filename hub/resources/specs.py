"""From what somebody wrote to what is stored, and to what a controller sees."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from hub.errors import InvalidFormat
from hub.resources.errors import InvalidSpec
from hub.resources.model import Desired, Resource
from hub.resources.sealing import opened, renewed, sealed
from hub.schema.markers import dotted, resource_key
from hub.util.json import dumps

if TYPE_CHECKING:
    from hub.resources.catalogue import Catalogue
    from hub.storage.secrets import Keyring


class Specs:
    """Validates, seals and opens specs by their types' schemas."""

    def __init__(self, types: "Catalogue", keyring: "Keyring") -> None:
        """Ask `types` for schemas, seal under `keyring`."""
        self._types = types
        self._keyring = keyring

    def normal(self, type: str, key: str, spec: object) -> dict[str, Any]:
        """Return a spec with its defaults; raises `NotFound`, `InvalidSpec` with every problem."""
        return normal(self._types, type, key, spec)

    def maker(
        self, type: str, key: str, normal: Mapping[str, Any]
    ) -> Callable[[Resource | None], dict[str, Any]]:
        """Return what makes the stored form of a spec, given the present resource."""
        schema, name = self._types.get(type).schema, f"{type}/{key}"
        return lambda present: sealed(
            self._keyring, schema, name, normal, None if present is None else present.spec
        )

    def again(
        self, type: str, key: str, stored: Mapping[str, Any]
    ) -> Callable[[Resource | None], dict[str, Any]]:
        """Return what makes the stored form of an old revision's spec."""
        schema, name = self._types.get(type).schema, f"{type}/{key}"
        return lambda _present: renewed(self._keyring, schema, name, stored)

    def opened(self, type: str, key: str, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Return a stored spec with its secrets in the clear; raises `SecretUnreadable`."""
        return opened(self._keyring, self._types.get(type).schema, f"{type}/{key}", stored)

    def desired(self, resource: Resource) -> Desired:
        """Return a resource as its controller sees it; raises `SecretUnreadable`."""
        spec = self.opened(resource.type, resource.key, resource.spec)
        return Desired(resource.type, resource.key, spec, resource.revision, resource.deleting)


def normal(types: "Catalogue", type: str, key: str, spec: object) -> dict[str, Any]:
    """Return a spec with its defaults; raises `NotFound`, `InvalidSpec` with every problem."""
    kind, name = types.get(type), f"{type}/{key}"
    try:
        resource_key(key)
    except vol.Invalid as error:
        raise InvalidFormat(f"key: {error.msg}") from None
    if not isinstance(spec, Mapping):
        raise InvalidSpec(name, [{"path": "", "message": "expected its fields"}])
    try:
        found: dict[str, Any] = kind.schema(dict(spec))
        if kind.check is not None:
            kind.check(found)
        dumps(found)
    except vol.Invalid as error:
        raise InvalidSpec(name, problems(error)) from None
    except TypeError as error:
        problem = {"path": "", "message": f"has no JSON form: {error}"}
        raise InvalidSpec(name, [problem]) from None
    return found


def problems(error: vol.Invalid) -> list[dict[str, str]]:
    """Return every problem of a validation as `{"path", "message"}`; values are not repeated."""
    errors = error.errors if isinstance(error, vol.MultipleInvalid) else [error]
    return [
        {
            "path": dotted(tuple(getattr(part, "schema", part) for part in item.path)),
            "message": str(item.msg),
        }
        for item in errors
    ]
