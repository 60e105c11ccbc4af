"""Who names whom: which resources refer to which others."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from hub.errors import NotFound
from hub.resources.model import Resource
from hub.schema.markers import Reference, dotted, walk

if TYPE_CHECKING:
    import voluptuous as vol


class References:
    """Both directions of the `Reference` fields of all specs."""

    def __init__(self, schema: "Callable[[str], vol.Schema]") -> None:
        """Ask `schema` for a type's schema; it raises `NotFound` for one that is not there."""
        self._schema = schema
        self._of: dict[str, frozenset[str]] = {}
        self._users: defaultdict[str, set[str]] = defaultdict(set)

    def load(self, resources: Iterable[Resource]) -> None:
        """Start from what is stored."""
        for resource in resources:
            self.update(resource.id, resource)

    def named(self, resource: Resource) -> list[tuple[str, str]]:
        """Return path and id of every resource that this one names."""
        try:
            schema = self._schema(resource.type)
        except NotFound:
            return []
        return [
            (dotted(path), f"{marker.type}/{value}")
            for path, marker, value in walk(schema, resource.spec)
            if isinstance(marker, Reference) and value is not None
        ]

    def of(self, resource: Resource) -> frozenset[str]:
        """Return the ids of the resources that this one names."""
        return frozenset(target for _path, target in self.named(resource))

    def users(self, id: str) -> set[str]:
        """Return the ids of the resources that name this one."""
        return set(self._users.get(id, ()))

    def update(self, id: str, resource: Resource | None) -> None:
        """Follow a change; None = the resource is gone."""
        for target in self._of.pop(id, ()):
            self._users[target].discard(id)
            if not self._users[target]:
                del self._users[target]
        if resource is None:
            return
        found = self.of(resource)
        if found:
            self._of[id] = found
            for target in found:
                self._users[target].add(id)
