"""`webhook`: somebody outside calls `/api/webhook/<webhook_id>`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import fields
from hub.automation.triggers.kind import Run, TriggerKind
from hub.automation.webhooks import Webhook, WebhookRequest
from hub.schema import boolean

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World

METHODS: Final = ("GET", "HEAD", "POST", "PUT")


def _webhook_id(value: object) -> str:
    if not isinstance(value, str) or not value or "/" in value or len(value) > 255:
        raise vol.Invalid("expected a text of 1 to 255 characters without a slash")
    return value


def _methods(value: object) -> list[str]:
    found = [name.upper() for name in fields.texts(value)]
    for index, name in enumerate(found):
        if name not in METHODS:
            raise vol.Invalid(f"expected some of {', '.join(METHODS)}", path=[index])
    if not found:
        raise vol.Invalid(f"expected at least one of {', '.join(METHODS)}")
    return found


def attach(
    world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
) -> "Unsubscribe":
    """Open the door; raises `NotAllowed` when another trigger opened it otherwise."""
    del variables
    webhook_id = config["webhook_id"]

    def called(request: WebhookRequest) -> None:
        body: dict[str, Any] = (
            {"data": dict(request.data)} if request.json is None else {"json": request.json}
        )
        trigger = {
            "platform": "webhook",
            "webhook_id": webhook_id,
            **body,
            "query": dict(request.query),
            "method": request.method,
            "description": "webhook",
        }
        run(trigger, None)

    methods = frozenset(config["allowed_methods"])
    return world.webhooks.register(webhook_id, Webhook(called, methods, config["local_only"]))


KIND: Final = TriggerKind(
    "webhook",
    {
        vol.Required("webhook_id"): _webhook_id,
        vol.Optional("allowed_methods", default=lambda: ["POST", "PUT"]): _methods,
        vol.Optional("local_only", default=True): boolean,
    },
    attach,
)
