"""Webhooks: addresses that call somebody inside the house."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """One call from outside; hostile until looked at."""

    webhook_id: str
    method: str
    query: Mapping[str, str]
    json: Any | None
    """The body, when it said that it is JSON and is."""
    data: Mapping[str, Any]
    """The fields of a form."""
    remote: str | None
    """The client's address."""


Handler = Callable[[WebhookRequest], Awaitable[None] | None]


@dataclass(frozen=True, slots=True)
class Webhook:
    """Who is called, and for whom the door is open."""

    handler: Handler
    methods: frozenset[str] = frozenset({"POST", "PUT"})
    local_only: bool = True


class Webhooks:
    """Handlers by webhook id; several may share one."""

    def __init__(self) -> None:
        """Start empty."""
        self._hooks: dict[str, list[Webhook]] = {}

    def register(self, webhook_id: str, webhook: Webhook) -> Callable[[], None]:
        """Add a handler and return what removes it; raises `NotAllowed` when doors differ."""
        hooks = self._hooks.setdefault(webhook_id, [])
        for other in hooks:
            if (other.methods, other.local_only) != (webhook.methods, webhook.local_only):
                raise NotAllowed(
                    "another trigger has this webhook_id with other allowed_methods or local_only"
                )
        hooks.append(webhook)

        def remove() -> None:
            hooks.remove(webhook)
            if not hooks and self._hooks.get(webhook_id) is hooks:
                del self._hooks[webhook_id]

        return remove

    def get(self, webhook_id: str) -> list[Webhook]:
        """Return the handlers of an id; empty when nobody waits there."""
        return list(self._hooks.get(webhook_id, ()))
