"""How a resource is shown: the wire form, made once per change."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hub.errors import NotFound
from hub.resources.model import Resource
from hub.resources.sealing import hidden
from hub.util.json import dumps, kept

if TYPE_CHECKING:
    from hub.resources.board import Board
    from hub.resources.catalogue import Catalogue
    from hub.resources.store import Store, Written


class Views:
    """Wire forms of resources; secrets are `{"sealed": true}`."""

    def __init__(self, types: "Catalogue", store: "Store", board: "Board") -> None:
        """Show what `store` and `board` hold."""
        self._types = types
        self._store = store
        self._board = board
        self._json: dict[str, bytes] = {}

    def title(self, type: str, key: str, spec: Mapping[str, Any]) -> str:
        """Return the name that people know a resource by."""
        try:
            return self._types.get(type).title_of(spec) or key
        except NotFound:
            return key

    def as_dict(self, resource: Resource) -> dict[str, Any]:
        """Return the wire form."""
        place = resource.place
        return {
            "resource_type": resource.type,
            "key": resource.key,
            "title": self.title(resource.type, resource.key, resource.spec),
            "revision": resource.revision,
            "source": resource.source.value,
            "file": None if place is None else place.file,
            "line": None if place is None else place.line,
            "spec": hidden(resource.spec),
            "status": self._board.get(resource.id).as_dict(),
            "deleting": resource.deleting,
            "used_by": self._store.users(resource.id),
            "created_at": resource.created_at,
            "updated_at": resource.updated_at,
        }

    def json(self, resource: Resource) -> bytes:
        """Return the wire form of a stored resource as JSON, made once per change."""
        found = self._json.get(resource.id)
        if found is None:
            found = self._json[resource.id] = kept(dumps(self.as_dict(resource)))
        return found

    def written(self, item: "Written") -> None:
        """Drop the JSON of what was written, and of what it names: their users changed."""
        self._json.pop(item.write.id, None)
        for resource in (item.before, item.after):
            if resource is not None:
                for target in self._store.names(resource):
                    self._json.pop(target, None)

    def forget(self, id: str | None = None) -> None:
        """Drop the JSON of one resource, or of all."""
        if id is None:
            self._json.clear()
        else:
            self._json.pop(id, None)
