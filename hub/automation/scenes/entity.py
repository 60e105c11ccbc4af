"""A scene as an entity: its state is the time of the last activation."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import voluptuous as vol

from hub.automation.scenes.apply import apply
from hub.automation.scenes.schema import Wishes
from hub.entities import Entity
from hub.entities.service import EntityService
from hub.events import Context
from hub.schema import finite_float
from hub.services import Field

TRANSITION: Final = vol.All(
    finite_float, vol.Range(min=0, max=6553, msg="expected 0 to 6553 seconds")
)
TRANSITION_FIELD: Final = Field(
    {"number": {"min": 0, "max": 6553, "unit_of_measurement": "s"}},
    name="Transition",
    description="For kinds that fade; others are set at once",
)


class SceneEntity(Entity):
    """Sets its entities when it is turned on."""

    kind = "scene"
    has_entity_name = False
    SERVICES: ClassVar = (
        EntityService(
            "turn_on",
            "turn_on",
            {vol.Optional("transition"): TRANSITION},
            {"transition": TRANSITION_FIELD},
            title="Activate",
        ),
    )
    activated: str | None = None
    keep: Callable[[str], None] | None = None
    """Takes the time of an activation."""

    def __init__(
        self, key: str, name: str, icon: str | None, wishes: Wishes, id: str | None = None
    ) -> None:
        """Stand for the scene with this key."""
        self.unique_id = key
        self.suggested_object_id = name
        self.take(name, icon, wishes, id)

    def take(self, name: str, icon: str | None, wishes: Wishes, id: str | None = None) -> None:
        """Be another scene under the same id."""
        self.name, self.icon, self.wishes, self.id = name, icon, wishes, id

    @property
    def state_value(self) -> str | None:
        """Return the time of the last activation; None = never."""
        return self.activated

    @property
    def capability_attributes(self) -> Mapping[str, Any]:
        """Return the entities that it sets."""
        found: dict[str, Any] = {"entity_id": list(self.wishes)}
        if self.id is not None:
            found["id"] = self.id
        return found

    def turn_on(self, transition: float | None = None) -> Awaitable[None]:
        """Note the time and set what differs; raises what `apply` raises."""
        del transition  # no kind that a scene can set fades
        context = self._call_context(self.hub) or Context()
        self.activated = datetime.fromtimestamp(self.hub.clock.time(), UTC).isoformat()
        self.write(context)
        if self.keep is not None:
            self.keep(self.activated)
        return apply(self.hub, self.wishes, context, self.entity_id)
