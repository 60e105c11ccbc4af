"""Links and devices as resources of a whole hub: what comes, changes, stays and goes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from hub.resources import Phase
from integrations.modbus.const import DEFINITION, DEVICE, LINK
from integrations.modbus.mapping import library
from integrations.modbus.park import park_of
from tests.peers.house import House, MakeHouse
from tests.peers.modbus_fake import FakeDevice
from tests.peers.ports import free_port_number, wait_until

BOILER: dict[str, Any] = {
    "name": "Boiler",
    "intervals": {"normal": 0.2},
    "blocks": [
        {
            "table": "holding",
            "first": 0,
            "registers": {
                "flow": {"address": 0, "scale": 0.1, "unit": "°C"},
                "target": {"address": 1, "write": {"min": 20, "max": 75}},
                "pump": {"address": 9},
            },
        }
    ],
    "entities": [
        {"kind": "sensor", "register": "flow", "name": "Flow"},
        {"kind": "number", "register": "target", "name": "Set point"},
    ],
}
FLOW, TARGET = "sensor.cellar_boiler_flow", "number.cellar_boiler_set_point"


class World:
    """A hub, a device that obeys the test, and short words."""

    def __init__(self, house: House, fake: FakeDevice) -> None:
        self.house, self.hub, self.fake = house, house.hub, fake

    async def put(self, type: str, key: str, spec: Any, phase: Phase = Phase.IN_SYNC) -> Any:
        change = await self.hub.resources.put(type, key, spec)
        return await self.settled(type, key, phase, change.revision)

    async def settled(
        self, type: str, key: str, phase: Phase = Phase.IN_SYNC, revision: int | None = None
    ) -> Any:
        def reached() -> bool:
            status = self.hub.resources.status(type, key)
            live = revision in (None, status.observed_revision) or phase is not Phase.IN_SYNC
            return status.phase is phase and live

        await wait_until(reached)
        return self.hub.resources.status(type, key)

    def link(self, **more: Any) -> dict[str, Any]:
        transport = {"type": "tcp", "host": "127.0.0.1", "port": self.fake.port}
        return {"transport": transport, "timeout": 0.3, "retries": 0, **more}

    async def build(self, **more: Any) -> None:
        """Make a definition, a link and a device of them."""
        await self.hub.resources.put(DEFINITION, "boiler", BOILER)
        await self.put(LINK, "cellar", self.link())
        spec = {"link": "cellar", "definition": "boiler", "name": "Cellar boiler", **more}
        await self.put(DEVICE, "boiler", spec)

    def attributes(self, entity_id: str) -> Mapping[str, Any]:
        found = self.hub.states.get(entity_id)
        return {} if found is None else found.attributes

    def state(self, entity_id: str) -> str:
        found = self.hub.states.get(entity_id)
        return "gone" if found is None else found.state

    async def shows(self, entity_id: str, state: str) -> None:
        await wait_until(lambda: self.state(entity_id) == state)


@pytest.fixture
async def world(make_house: MakeHouse) -> AsyncIterator[World]:
    async with FakeDevice().on_tcp() as fake:
        fake[1].holding.update({0: 415, 1: 50})
        yield World(await make_house(), fake)


async def test_a_device_comes_with_its_entities_and_takes_writes(world: World) -> None:
    await world.build()
    await world.shows(FLOW, "41.5")
    await world.hub.services.call("number", "set_value", {"value": 60}, {"entity_id": TARGET})
    assert world.fake[1].holding[1] == 60
    assert world.state(TARGET) == "60"
    facts = world.hub.resources.status(DEVICE, "boiler").facts
    assert (facts["registers"], facts["entities"], facts["breaker"]) == (3, 2, "closed")


async def test_everything_goes_with_the_resource_and_users_go_first(world: World) -> None:
    await world.build()
    await world.shows(FLOW, "41.5")
    await world.hub.resources.delete(LINK, "cellar", cascade=True)
    await wait_until(lambda: not world.hub.resources.list(LINK))
    assert world.hub.resources.list(DEVICE) == []
    assert world.state(FLOW) == "gone"
    assert [e for e in world.hub.entity_registry.all() if e.platform == "modbus"] == []
    assert [d for d in world.hub.devices.all() if ("modbus", "boiler") in d.identifiers] == []
    assert park_of(world.hub).devices == {}
    await wait_until(lambda: world.fake.open_now == 0)


async def test_a_link_that_moves_takes_its_devices_along(world: World) -> None:
    await world.build()
    await world.shows(FLOW, "41.5")
    before = world.hub.entity_registry.get(FLOW)
    async with FakeDevice().on_tcp() as other:
        other[1].holding[0] = 300
        transport = {"type": "tcp", "host": "127.0.0.1", "port": other.port}
        await world.put(LINK, "cellar", world.link(transport=transport))
        await world.shows(FLOW, "30.0")
        assert world.hub.entity_registry.get(FLOW) == before
        await wait_until(lambda: world.fake.open_now == 0)
        await world.put(LINK, "cellar", world.link())
        await world.shows(FLOW, "41.5")


async def test_a_device_is_renamed_and_moved_while_it_is_polled(world: World) -> None:
    world.fake[7].holding[0] = 111
    await world.build()
    await world.shows(FLOW, "41.5")
    spec = {"link": "cellar", "definition": "boiler", "name": "Heater", "unit": 7}
    await world.put(DEVICE, "boiler", spec)
    await world.shows(FLOW, "11.1")
    state = world.hub.states.get(FLOW)
    assert state is not None
    assert state.attributes["friendly_name"] == "Heater Flow"


async def test_a_definition_that_changes_changes_its_devices(world: World) -> None:
    await world.build()
    await world.shows(FLOW, "41.5")
    changed = {
        **BOILER,
        "entities": [
            BOILER["entities"][0],
            {"kind": "binary_sensor", "register": "pump", "name": "Pump"},
        ],
    }
    await world.hub.resources.put(DEFINITION, "boiler", changed)
    await world.shows("binary_sensor.cellar_boiler_pump", "off")
    await wait_until(lambda: world.state(TARGET) == "gone")
    await wait_until(lambda: world.hub.entity_registry.get(TARGET) is None)
    await world.shows(FLOW, "41.5")


async def test_an_own_definition_goes_before_a_shipped_one(world: World) -> None:
    await world.put(LINK, "cellar", world.link())
    spec = {"link": "cellar", "definition": "waveshare_relay_8ch", "name": "Relays"}
    await world.put(DEVICE, "relays", spec)
    shipped = len(library.load("waveshare_relay_8ch")["entities"])
    assert world.hub.resources.status(DEVICE, "relays").facts["entities"] == shipped
    await world.hub.resources.put(DEFINITION, "waveshare_relay_8ch", BOILER)
    await world.shows("sensor.relays_flow", "41.5")
    await world.hub.resources.delete(DEFINITION, "waveshare_relay_8ch")
    await wait_until(
        lambda: world.hub.resources.status(DEVICE, "relays").facts.get("entities") == shipped
    )


async def test_a_definition_in_use_stays(world: World) -> None:
    await world.build()
    with pytest.raises(Exception, match=r"modbus\.device/boiler"):
        await world.hub.resources.delete(DEFINITION, "boiler")


async def test_a_device_that_is_away_says_so_and_comes_by_itself(world: World) -> None:
    world.fake[1].silent = True
    await world.hub.resources.put(DEFINITION, "boiler", BOILER)
    await world.put(LINK, "cellar", world.link())
    breaker = {"failures": 2, "wait": 0.3, "longest": 0.5}
    spec = {"link": "cellar", "definition": "boiler", "name": "Cellar boiler", "breaker": breaker}
    change = await world.hub.resources.put(DEVICE, "boiler", spec)
    await wait_until(
        lambda: "does not answer" in world.hub.resources.status(DEVICE, "boiler").message
    )
    assert world.state(FLOW) == "unavailable"
    world.fake[1].silent = False
    await world.shows(FLOW, "41.5")
    await world.settled(DEVICE, "boiler", Phase.IN_SYNC, change.revision)


async def test_a_link_that_is_away_says_so_and_comes_by_itself(world: World) -> None:
    port = free_port_number()
    transport = {"type": "tcp", "host": "127.0.0.1", "port": port}
    await world.hub.resources.put(LINK, "attic", world.link(transport=transport))
    await wait_until(lambda: str(port) in world.hub.resources.status(LINK, "attic").message)
    async with FakeDevice().on_tcp(port=port):
        status = await world.settled(LINK, "attic")
        assert {item.type: item.status for item in status.conditions} == {"connected": True}


async def test_what_was_learned_outlives_a_restart(world: World, make_house: MakeHouse) -> None:
    world.fake[1].holes.update({("holding", address) for address in range(2, 9)})
    await world.build()
    learned = park_of(world.hub).devices["boiler"].learned
    await wait_until(lambda: bool(learned.holes))

    async def is_kept() -> bool:
        return bool(await world.hub.documents.load("modbus", "learned boiler"))

    await wait_until(lambda: park_of(world.hub).devices["boiler"].counters.cycles > 3)
    async with asyncio.timeout(30):
        while not await is_kept():
            await asyncio.sleep(0.05)
    again = World(await make_house(after=world.house), world.fake)
    await again.shows(FLOW, "41.5")
    await wait_until(lambda: "boiler" in park_of(again.hub).devices)
    assert park_of(again.hub).devices["boiler"].counters.refused == 0
    entry = again.hub.entity_registry.get(FLOW)
    assert entry is not None


async def test_a_gateway_comes_with_its_link_and_counts_its_programs(world: World) -> None:
    port = free_port_number()
    await world.put(LINK, "cellar", world.link(name="Cellar", gateway={"port": port}))
    entity = "binary_sensor.cellar_link"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(bytes.fromhex("0001 0000 0006 01 03 0000 0001"))
    assert (await reader.readexactly(11))[-2:] == (415).to_bytes(2, "big")
    await world.put(LINK, "cellar", world.link(name="Cellar bus", gateway={"port": port}))
    await wait_until(lambda: world.attributes(entity).get("gateway_clients") == 1)
    writer.close()
    await world.put(LINK, "cellar", world.link(name="Cellar"))
    await wait_until(lambda: "gateway_clients" not in world.attributes(entity))


async def test_a_key_of_tls_is_never_shown(world: World) -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + "QUJD" * 20 + "\n-----END PRIVATE KEY-----\n"
    transport = {
        "type": "tls",
        "host": "127.0.0.1",
        "port": free_port_number(),
        "certificate": "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n",
        "key": key,
    }
    await world.hub.resources.put(LINK, "safe", {"transport": transport})
    await wait_until(lambda: world.hub.resources.status(LINK, "safe").message != "")
    other = {**transport, "key": key.replace("QUJD", "REVG")}
    await world.hub.resources.put(LINK, "safe", {"transport": other})
    resource = world.hub.resources.get(LINK, "safe")
    shown = str(world.hub.resources.as_dict(resource))
    assert "QUJD" * 3 not in shown
    assert "REVG" not in shown
    for job in world.hub.jobs.list():
        lines = await world.hub.jobs.log(job.id)
        assert "REVG" not in str(job) + str(lines)


@pytest.mark.parametrize(
    ("type", "spec", "path"),
    [
        (LINK, {"transport": {"type": "tcp"}}, "transport.host"),
        (LINK, {"transport": {"type": "wifi", "host": "a"}}, "transport.type"),
        (LINK, {"transport": {"type": "tcp", "host": "a"}, "timeout": 0}, "timeout"),
        (DEVICE, {"link": "nowhere", "definition": "eastron_sdm630"}, "link"),
        (DEVICE, {"link": "cellar", "definition": "no_such_map"}, "definition"),
        (DEVICE, {"link": "cellar", "definition": "eastron_sdm630", "unit": 256}, "unit"),
        (
            DEVICE,
            {"link": "cellar", "definition": "eastron_sdm630", "intervals": {"fast": 0}},
            "intervals.fast",
        ),
        (
            DEVICE,
            {"link": "cellar", "definition": "eastron_sdm630", "intervals": {"slow": 1e-6}},
            "intervals.slow",
        ),
        (
            DEVICE,
            {"link": "cellar", "definition": "eastron_sdm630", "breaker": {"wait": 1e308}},
            "breaker.wait",
        ),
        (
            DEVICE,
            {"link": "cellar", "definition": "eastron_sdm630", "breaker": {"longest": 1}},
            "breaker.longest",
        ),
    ],
)
async def test_mistakes_name_their_field(
    world: World, type: str, spec: dict[str, Any], path: str
) -> None:
    await world.put(LINK, "cellar", world.link())
    with pytest.raises(Exception, match=r".") as caught:
        await world.hub.resources.put(type, "wrong", spec)
    assert path in str(caught.value)
