"""All links and devices of this hub: what controllers, services and entities share."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, Final

from hub.sdk import Hub, NotFound, Resource, Unavailable
from integrations.modbus.const import DEFINITION, DEVICE, DOMAIN, LINK
from integrations.modbus.link import Link
from integrations.modbus.mapping import compile as compiling
from integrations.modbus.mapping import library
from integrations.modbus.mapping.models import Definition
from integrations.modbus.polling.device import Device

_KEPT: Final = 256
_OPENING_SECONDS: Final = 10.0


class Park:
    """What runs in this process, by the keys of the resources."""

    def __init__(self, hub: Hub) -> None:
        """Begin with nothing running."""
        self.hub = hub
        self.links: dict[str, Link] = {}
        self.devices: dict[str, Device] = {}
        self._opened = asyncio.Event()
        self._definitions: dict[tuple[str, int], Definition] = {}

    def link(self, key: str) -> Link:
        """Return a link that runs; raises `Unavailable` for one that does not (yet)."""
        found = self.links.get(key)
        if found is None:
            raise Unavailable(f"{LINK}/{key} does not run yet")
        return found

    def opened(self, link: Link) -> None:
        """Take a link that was opened; who waits for it goes on."""
        self.links[link.key] = link
        self._opened.set()
        self._opened = asyncio.Event()

    async def wait_for(self, key: str) -> Link:
        """Return a link as soon as it runs: links and devices start side by side.

        Raises `Unavailable` when that takes too long.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OPENING_SECONDS):
                while key not in self.links:
                    await self._opened.wait()
        return self.link(key)

    def device(self, key: str) -> Device:
        """Return a device that runs; raises `NotFound`."""
        found = self.devices.get(key)
        if found is None:
            known = ", ".join(sorted(self.devices)) or "none"
            raise NotFound(f"There is no Modbus device {key!r}; there are: {known}")
        return found

    def on_link(self, key: str) -> Iterator[Device]:
        """Return the devices of a link."""
        return (item for item in self.devices.values() if item.settings.link == key)

    def lead(self, key: str) -> None:
        """Let the devices of a link use the line that it has now."""
        link = self.links.get(key)
        for device in self.on_link(key):
            if link is not None and device.line is not link.line:
                device.use(link.line)

    def definition(self, name: str) -> Definition:
        """Return a definition: a resource of that key, else one that is shipped.

        Raises `NotFound`, which a device with a stored spec can meet only when a later version
        no longer ships what it uses.
        """
        resource = self.hub.resources.store.get(f"{DEFINITION}/{name}")
        mark = (name, 0 if resource is None else resource.revision)
        found = self._definitions.get(mark)
        if found is None:
            if len(self._definitions) >= _KEPT:
                self._definitions.clear()
            found = compiling.definition(_spec(name, resource))
            self._definitions[mark] = found
        return found

    def users_of(self, name: str) -> list[Resource]:
        """Return the devices that are made of a definition."""
        found = self.hub.resources.list(DEVICE)
        return [item for item in found if item.spec.get("definition") == name]


def _spec(name: str, resource: Resource | None) -> Any:
    if resource is not None:
        return resource.spec
    if name not in library.names():
        raise NotFound(
            f"definition: {name!r} is neither a {DEFINITION} nor one that is shipped; "
            "`hub modbus definitions` lists them"
        )
    return library.load(name)


def park_of(hub: Hub) -> Park:
    """Return the one park of a hub."""
    loaded = hub.loaded(DOMAIN)
    if loaded.data is None:
        loaded.data = Park(hub)
    if not isinstance(loaded.data, Park):
        raise TypeError("somebody else keeps data under the name of this integration")
    return loaded.data
