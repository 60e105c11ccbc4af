"""What templates may know of a resource: where it stands, nothing of its spec."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.resources.resources import Resources
    from hub.templates import Reader


def provider(resources: "Resources") -> "Callable[[str, Reader | None], Mapping[str, Any] | None]":
    """Return the function behind `resource('type/key')` in templates."""

    def facts(resource_id: str, reader: "Reader | None") -> Mapping[str, Any] | None:
        found = resources.store.get(resource_id)
        if found is None:
            return None
        if reader is not None:
            may = getattr(reader, "may_resource", None)
            if may is None or not may("read", found.type, found.key):
                return None
        status = resources.board.get(found.id)
        return {
            "phase": status.phase.value,
            "message": status.message,
            "revision": found.revision,
            "observed_revision": status.observed_revision,
        }

    return facts
