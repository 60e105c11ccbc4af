"""A started device with its entities, and what is kept of it over a restart."""

import logging
from collections.abc import Mapping
from typing import Any, Final

from hub.sdk import Entity, Hub, HubError, Owned
from integrations.modbus.connection import device_entities
from integrations.modbus.const import DEVICE, DOMAIN
from integrations.modbus.entity import device_info
from integrations.modbus.kinds import make
from integrations.modbus.park import Park
from integrations.modbus.polling.device import Device
from integrations.modbus.polling.learned import Learned
from integrations.modbus.polling.settings import DeviceSettings

_LOGGER = logging.getLogger(__name__)

_SAVE_SECONDS: Final = 5.0


class Running:
    """What lives in this process for one `modbus.device`."""

    def __init__(
        self, hub: Hub, park: Park, key: str, spec: Mapping[str, Any], definition: str
    ) -> None:
        """Prepare; raises `Unavailable` while the link does not run. `definition` is its mark."""
        self.hub = hub
        self.key = key
        self.spec = dict(spec)
        self._park = park
        self._mark = definition
        self._owned = self.owned(hub, key)
        self._entities: list[Entity] = []
        self._saving = False
        self._saved: Any = None
        self.device = self._new_device()

    @property
    def parts(self) -> dict[str, Any]:
        """Return what it was told, as `plan` compares it."""
        return {**self.spec, "definition": self._mark}

    @staticmethod
    def owned(hub: Hub, key: str) -> Owned:
        """Return what a device has in the house; its names begin with its key and a bar."""
        return Owned(hub, DOMAIN, lambda name: name == key or name.startswith(f"{key}|"))

    @staticmethod
    async def erase(hub: Hub, key: str) -> None:
        """Drop what was learned of a device."""
        await hub.documents.delete(DOMAIN, f"learned {key}")

    async def start(self) -> list[str]:
        """Poll and show; returns the ids of entities that are not defined any more."""
        await self._recall()
        await self._show()
        return await self._owned.sweep(self._entities)

    async def stop(self) -> None:
        """Poll no more and take the entities out of the house; the registries keep them."""
        await self.device.stop()
        for entity in self._entities:
            await self._owned.silence(entity)
        self._entities = []

    async def become(self, spec: Mapping[str, Any], definition: str) -> None:
        """Follow another spec, or another text of the definition."""
        before, self.spec = self.spec, dict(spec)
        rebuilt = definition != self._mark or spec["definition"] != before["definition"]
        if rebuilt:
            self._mark = ""  # until it runs: what fails or is cut off here is done again
            await self.stop()
            self.device = self._new_device()
            await self.start()
            self._mark = definition
            return
        device = self.device
        settings = DeviceSettings.of(self.key, spec, device.definition)
        renamed = settings.name != device.settings.name
        device.adopt(settings)
        if spec["link"] != before["link"]:
            device.use(self._park.link(spec["link"]).line)
        if renamed:
            info = device_info(device)
            for entity in self._entities:
                entity.device = info
            self._owned.rename(info)

    # private

    def _new_device(self) -> Device:
        definition = self._park.definition(self.spec["definition"])
        settings = DeviceSettings.of(self.key, self.spec, definition)
        line = self._park.link(settings.link).line
        return Device(self.key, settings, definition, line, self.hub.clock)

    async def _show(self) -> None:
        device = self.device
        self._entities = [make(device, spec) for spec in device.definition.entities]
        self._entities += device_entities(device)
        await self.hub.entities.add(DOMAIN, self._entities)
        device.start()
        device.follow_rounds(self._remember)

    async def _recall(self) -> None:
        """Know again what this device refuses; a failing database costs only that."""
        try:
            known = await self.hub.documents.load(DOMAIN, f"learned {self.key}")
        except (HubError, OSError) as error:
            _LOGGER.warning("What was learned of %s is lost: %s", self.key, error)
            return
        if isinstance(known, dict):
            self.device.learned = Learned.from_dict(known)
        self._saved = self.device.learned.changes

    def _remember(self) -> None:
        """Keep what was learned, a little later and only when it is news."""
        if not self._saving and self.device.learned.changes != self._saved:
            self._saving = True
            self.hub.tasks.spawn(self._save(), f"remember what {DEVICE}/{self.key} refuses")

    async def _save(self) -> None:
        try:
            await self.hub.clock.sleep(_SAVE_SECONDS)
            if self._park.devices.get(self.key) is not self.device:
                return  # it was deleted meanwhile, and with it what was learned
            self._saved = self.device.learned.changes
            await self.hub.documents.save(
                DOMAIN, f"learned {self.key}", self.device.learned.as_dict()
            )
        except (HubError, OSError) as error:
            _LOGGER.warning("What was learned of %s is not stored: %s", self.key, error)
        finally:
            self._saving = False
