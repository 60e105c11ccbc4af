"""Services of a kind: one declaration gives schema, description and the method to call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import voluptuous as vol

from hub.services import Field, Response


@dataclass(frozen=True, slots=True)
class EntityService:
    """A verb of a kind; `method` is called with the validated data as keyword arguments."""

    name: str
    method: str
    schema: Mapping[Any, Any] = field(default_factory=dict)
    fields: Mapping[str, Field] = field(default_factory=dict)
    title: str | None = None
    description: str | None = None
    features: int = 0
    """The entity must have all of these feature bits."""
    response: Response = Response.NONE

    def voluptuous(self) -> vol.Schema | None:
        """Return the schema of the data without target keys."""
        return vol.Schema(dict(self.schema)) if self.schema else None
