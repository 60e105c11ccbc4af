"""What only this hub has: its resources."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hub.templates.current import CURRENT


def resource(resource_id: str) -> Mapping[str, Any] | None:
    """Return what is known of `type/key`: phase, reason and revision; none when there is none."""
    run = CURRENT.get()
    if run.resource is None:
        return None
    resource_id = str(resource_id)
    if len(run.resources) < 100:
        run.resources.add(resource_id)
    return run.resource(resource_id, run.reader)


GLOBALS: Final[dict[str, Any]] = {"resource": resource}
FILTERS: Final[dict[str, Callable[..., Any]]] = {"resource": resource}
TESTS: Final[dict[str, Callable[..., Any]]] = {}
