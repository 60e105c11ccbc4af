"""Named verbs with a schema, a target and an optional response."""

from hub.services.call import ServiceCall, Target
from hub.services.description import Description, Field, Response
from hub.services.registry import Handler, ServiceRegistry

__all__ = [
    "Description",
    "Field",
    "Handler",
    "Response",
    "ServiceCall",
    "ServiceRegistry",
    "Target",
]
