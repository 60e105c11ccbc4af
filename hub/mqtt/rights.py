"""Whose rights commands over MQTT have: a role's, or those of one user."""

from typing import TYPE_CHECKING

from hub.config.settings import MqttSettings
from hub.errors import Unauthorized
from hub.events import Context

if TYPE_CHECKING:
    from hub.hub import Hub


class CommandRights:
    """Makes the context of a command; a message does not tell who published it."""

    def __init__(self, hub: "Hub", settings: MqttSettings | None = None) -> None:
        """Follow `mqtt.commands_role`, or `mqtt.user` when it is set."""
        settings = MqttSettings() if settings is None else settings
        self._hub = hub
        self._role = settings.commands_role
        self._username = settings.user

    def context(self, domain: str, service: str) -> Context:
        """Return the context that a call of this service gets; raises `Unauthorized`.

        With a role it has no user: nobody must find the name of a person in it who did nothing.
        """
        if self._username is not None:
            user = self._hub.auth.users.by_username(self._username)
            if user is None or not user.is_active:
                raise Unauthorized("the user of mqtt.user does not exist or is not active")
            return Context(user.id)
        if self._role == "viewer":
            raise Unauthorized("mqtt.commands_role is viewer: commands are switched off")
        entry = self._hub.services.get(domain, service)
        if self._role != "admin" and (entry.admin or not entry.needs_target):
            raise Unauthorized
        return Context()
