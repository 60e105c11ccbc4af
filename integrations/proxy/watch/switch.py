"""The switch of a host, and how fields of a host are changed one by one."""

from typing import Any

from hub.sdk import Context, DeviceInfo, Hub, SwitchEntity
from integrations.proxy.const import HOST
from integrations.proxy.watch.entity import Room, Watched
from integrations.proxy.watch.host import HostWatch


class EnabledSwitch(Watched, SwitchEntity):
    """Whether a host is served; writes its resource."""

    def __init__(self, room: Room, watch: HostWatch, device: DeviceInfo) -> None:
        """Stand for the field `enabled`."""
        super().__init__(room, watch, device, "enabled", "Enabled")
        self.watch = watch

    @property
    def is_on(self) -> bool:
        """Tell what the resource wants."""
        return bool(self.watch.spec.get("enabled", True))

    async def turn_on(self) -> None:
        """Serve the host; raises what a write of the resource raises."""
        await set_field(self.hub, self.watch.key, self._context, enabled=True)

    async def turn_off(self) -> None:
        """Take the host off its servers; raises what a write of the resource raises."""
        await set_field(self.hub, self.watch.key, self._context, enabled=False)


async def set_field(hub: Hub, key: str, context: Context | None, **fields: Any) -> int:
    """Change fields of a host's spec and return the new revision.

    Secrets stay as they are. Raises `NotFound`, `FileOwned`, `Unauthorized`, `InvalidSpec`,
    and `Conflict` when somebody else changed the host meanwhile.
    """
    resource = hub.resources.get(HOST, key)
    spec = {**hub.resources.as_dict(resource)["spec"], **fields}
    change = await hub.resources.put(
        HOST, key, spec, if_revision=resource.revision, context=context
    )
    return change.revision
