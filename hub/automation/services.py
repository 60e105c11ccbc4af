"""Scripts as services of their own names."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.services import Description, Field, Response, ServiceCall

if TYPE_CHECKING:
    from hub.automation.script import Script
    from hub.automation.world import World

RESERVED: Final = frozenset({"turn_on", "turn_off", "toggle", "reload"})
"""Services that the domain has itself."""


def script_service(world: "World", script: "Script") -> Callable[[], None]:
    """Register `script.<key>` and return what removes it; a reserved name stays the domain's."""
    if script.key in RESERVED or world.services.has("script", script.key):
        return lambda: None

    async def call(request: ServiceCall) -> dict[str, Any] | None:
        run = script.call(request.context, request.data)
        response = None if run is None else await run.ended()
        if not request.return_response:
            return None
        return response if isinstance(response, dict) else {}

    description = Description(script.name, script.config["description"], _fields(script))
    return world.services.register(
        "script",
        script.key,
        call,
        schema=vol.Schema({}, extra=vol.ALLOW_EXTRA),
        description=description,
        response=Response.OPTIONAL,
    )


def _fields(script: "Script") -> dict[str, Field]:
    return {
        name: Field(
            field.get("selector") or {"object": {}},
            name=field.get("name", name),
            description=field.get("description", ""),
            required=field["required"] if field else False,
        )
        for name, field in script.config["fields"].items()
    }
