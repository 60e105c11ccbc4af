"""A device of a definition in a running hub, over a real line to a device that obeys the test."""

from collections.abc import Mapping
from typing import Any

from hub.sdk import (
    BreakerState,
    Entity,
    Hub,
    State,
)
from integrations.modbus.const import DOMAIN
from integrations.modbus.kinds import make
from integrations.modbus.line.client import Line
from integrations.modbus.mapping import compile as compiling
from integrations.modbus.mapping.schema import DEFINITION, check_definition
from integrations.modbus.polling.device import Device
from integrations.modbus.polling.settings import DeviceSettings, Patience
from tests.peers.modbus_fake import FakeDevice

HOLDING = {"table": "holding", "first": 0}
WRITE: dict[str, Any] = {"write": {"verify_tries": 1}}


class Bench:
    """A device in a house, and what its entities show."""

    def __init__(self, hub: Hub, fake: FakeDevice, line: Line) -> None:
        self.hub = hub
        self.fake = fake
        self.line = line
        self.device: Device
        self.unit = fake[1]

    async def build(
        self, registers: Mapping[str, Any], *entities: Mapping[str, Any], **settings: Any
    ) -> list[Entity]:
        """Poll a device with these registers and add its entities; everything has been read."""
        blocks = (
            registers["blocks"]
            if "blocks" in registers
            else [{**HOLDING, "registers": dict(registers)}]
        )
        spec = DEFINITION(
            {"name": "Boiler", "manufacturer": "Acme", "blocks": blocks, "entities": list(entities)}
        )
        check_definition(spec)
        definition = compiling.definition(spec)
        settings = {"patience": Patience(failures=1), **settings}
        self.device = Device(
            "boiler",
            DeviceSettings(name="Boiler", link="cellar", unit=1, **settings),
            definition,
            self.line,
            self.hub.clock,
        )
        found = [make(self.device, item) for item in definition.entities]
        await self.hub.entities.add(DOMAIN, found)
        self.device.start()
        await self.device.refresh()
        return found

    def state(self, entity_id: str) -> State:
        """Return the state of an entity."""
        found = self.hub.states.get(entity_id)
        assert found is not None, entity_id
        return found

    def seen(self, entity_id: str, *names: str) -> tuple[Any, ...]:
        """Return a state and some of its attributes."""
        state = self.state(entity_id)
        return (state.state, *(state.attributes.get(name) for name in names))

    async def call(self, service: str, entity_id: str, **data: Any) -> State:
        """Call a service for one entity."""
        domain, _, name = service.partition(".")
        await self.hub.services.call(domain, name, data, {"entity_id": entity_id})
        return self.state(entity_id)

    async def read(self) -> None:
        """Read everything now."""
        await self.device.refresh()

    async def lose(self) -> None:
        """Let the device fall silent, and find out."""
        self.unit.silent = True
        await self.read()
        assert self.device.breaker.state is BreakerState.OPEN

    async def find(self) -> None:
        """Let the device answer again, and find out."""
        self.unit.silent = False
        while self.device.breaker.state is not BreakerState.CLOSED:
            self.device.breaker.hurry()
            await self.read()

    def written(self) -> list[tuple[int, int]]:
        """Return address and value of the single writes so far, and forget them."""
        found = [(request.start, int.from_bytes(request.pdu[3:5])) for request in self.fake.writes]
        self.fake.log.clear()
        return found
