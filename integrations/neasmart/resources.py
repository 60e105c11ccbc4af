"""The resource type of this integration: an installation with its bases and zones."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.sdk import DriftPolicy, ResourceType
from integrations.neasmart.plan import where
from integrations.neasmart.schema import INSTALLATION

if TYPE_CHECKING:
    from hub.sdk import Hub
    from integrations.neasmart.controller import Installations

TYPE: Final = "neasmart.installation"


def _controller(hub: "Hub") -> "Installations":
    from integrations.neasmart.controller import Installations

    return Installations(hub)


def _lock(spec: Mapping[str, Any]) -> str:
    return where(spec["transport"])


TYPES: Final = (
    ResourceType(
        name=TYPE,
        schema=INSTALLATION,
        controller=_controller,
        title="Heating installation",
        description="A Neasmart 2.0 line with its base stations and zones",
        drift=DriftPolicy.REPAIR,
        apply_seconds=60.0,
        lock=_lock,
    ),
)
