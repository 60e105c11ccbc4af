"""Where everything lies on the broker, and the keys that never change with a name."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from hub.config.settings import MqttSettings

ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
HUB_DEVICE: Final = "hub"
_ILLEGAL: Final = re.compile(r"[^a-zA-Z0-9_-]")
_KEY_LENGTH: Final = 64


def stable_key(*parts: str) -> str:
    """Join ids to one legal topic level; a hash follows where ids had to be changed."""
    text = "_".join(parts)
    key = _ILLEGAL.sub("_", text)[:_KEY_LENGTH]
    if key == text:
        return key
    return f"{key}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Address:
    """The entity and the verb that a command topic names; no verb = the entity's main one."""

    entity_id: str
    verb: str


class Topics:
    """The topic map of one hub."""

    def __init__(self, settings: MqttSettings) -> None:
        """Lie below `<base>/<hub_id>`, announce below the discovery prefix."""
        self.root = settings.root
        self.prefix = settings.prefix
        self.node = stable_key(settings.hub_id)
        self.status = f"{self.root}/status"
        self.info = f"{self.root}/hub/info"
        self.birth = f"{self.prefix}/status"
        self.everything = f"{self.root}/#"
        self.commands = (f"{self.root}/+/+/set", f"{self.root}/+/+/+/set")
        self.announcements = (
            f"{self.prefix}/device/{self.node}/+/config",
            f"{self.prefix}/+/{self.node}/+/config",
        )
        self._prefix_length = len(self.root) + 1

    def entity(self, entity_id: str) -> str:
        """Return the level below which an entity's topics lie."""
        domain, _, object_id = entity_id.partition(".")
        return f"{self.root}/{domain}/{object_id}"

    def error(self, entity_id: str) -> str:
        """Return where refused commands of an entity are told."""
        return f"{self.entity(entity_id)}/error"

    def device(self, key: str) -> str:
        """Return a device's availability topic."""
        return f"{self.root}/{key}/availability"

    def announce_device(self, key: str) -> str:
        """Return the discovery topic of a device."""
        return f"{self.prefix}/device/{self.node}/{key}/config"

    def announce_entity(self, domain: str, key: str) -> str:
        """Return the discovery topic of a single entity."""
        return f"{self.prefix}/{domain}/{self.node}/{key}/config"

    def is_announcement(self, topic: str) -> bool:
        """Tell whether a topic has the form of this hub's discovery topics."""
        levels = topic.removeprefix(self.prefix + "/").split("/")
        return (
            topic.startswith(self.prefix + "/")
            and len(levels) == 4
            and levels[1] == self.node
            and levels[3] == "config"
        )

    def is_own(self, topic: str) -> bool:
        """Tell whether only this hub may write, and therefore clear, a topic below its root.

        Commands belong to those who send them.
        """
        return topic.startswith(self.root + "/") and not topic.endswith("/set")

    def address(self, topic: str) -> Address | None:
        """Return what a command topic names; None when it is not one."""
        if not topic.startswith(self.root + "/"):
            return None
        levels = topic[self._prefix_length :].split("/")
        if levels[-1] != "set" or len(levels) not in (3, 4):
            return None
        return Address(f"{levels[0]}.{levels[1]}", levels[2] if len(levels) == 4 else "")
