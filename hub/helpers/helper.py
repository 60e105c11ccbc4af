"""What every helper is: an entity whose spec may change and whose value outlives the hub."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from hub.entities import Entity
from hub.events import Context
from hub.helpers.fields import Check, as_written, normal
from hub.resources import ResourceType

Keep = Callable[[Any], None]


class Helper(Entity):
    """The entity of one helper resource.

    A kind says how it takes a spec (`configure`), what of it is kept (`kept`) and how it comes
    back (`restore`); `changed` publishes and keeps.
    """

    kind: ClassVar[str]
    has_entity_name = False
    editable: bool = True
    """Whether clients may change the resource; a file's they may not."""
    keep: Keep | None = None
    """Takes what shall outlive the hub."""
    remembered: Any = None
    """What was kept when it last lived."""

    def __init__(self, key: str, spec: Mapping[str, Any]) -> None:
        """Stand for the resource with this key; `spec` has its defaults."""
        self.unique_id = key
        self.suggested_object_id = key
        self.take(spec)

    def take(self, spec: Mapping[str, Any]) -> None:
        """Be what a new spec says; a value that it still allows stays."""
        self.name = spec.get("name") or self.unique_id.replace("_", " ")
        self.icon = spec.get("icon")
        self.configure(spec)

    def configure(self, spec: Mapping[str, Any]) -> None:
        """Take the fields of the kind."""

    def restore(self, kept: Any) -> None:
        """Take the value that the helper had, None when it is new."""

    def kept(self) -> Any:
        """Return what shall outlive the hub, as JSON."""
        return None

    async def added(self) -> None:
        """Come back as it was."""
        self.restore(self.remembered)

    async def removed(self) -> None:
        """Remember, for when it is only disabled for a while."""
        self.remembered = self.kept()
        self.rest()

    def rest(self) -> None:
        """Wait for nothing any more."""

    def changed(self, context: Context | None = None) -> None:
        """Publish the value and keep it."""
        self.write(context)
        if self.keep is not None:
            self.keep(self.kept())

    def cause(self) -> Context:
        """Return the context of the service call that is being made, or a new one."""
        return self._call_context(self.hub) or Context()

    @property
    def capability_attributes(self) -> Mapping[str, Any]:
        """Return whether the resource can be edited, and what the kind adds."""
        return {**self.shown(), "editable": self.editable}

    def shown(self) -> Mapping[str, Any]:
        """Return the attributes of the kind."""
        return {}


@dataclass(frozen=True, slots=True)
class HelperKind:
    """One kind of helper: its fields, what they forbid together, its entity."""

    entity: type[Helper]
    fields: Mapping[Any, Any]
    title: str
    description: str
    check: Check | None = None

    @property
    def domain(self) -> str:
        """Return the domain of its entities and services, such as `input_boolean`."""
        return self.entity.kind

    @property
    def resource_type(self) -> str:
        """Return the name of its resource type."""
        return f"hub.{self.domain}"

    def normal(self, spec: Any) -> dict[str, Any]:
        """Return a spec with its defaults; raises `vol.Invalid`."""
        return normal(self.fields, self.check, spec)

    def type(self) -> ResourceType:
        """Return the resource type."""
        return ResourceType(
            name=self.resource_type,
            title=self.title,
            description=self.description,
            schema=as_written(self.fields, self.check),
            entities=False,
        )


ON: Final = "on"
OFF: Final = "off"
