"""Links and devices that change while others begin, go, or fail half way."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from integrations.modbus import running
from integrations.modbus.const import DEVICE, LINK
from integrations.modbus.link import Link
from integrations.modbus.park import park_of
from integrations.modbus.running import Running
from tests.integrations.modbus.test_resources import BOILER, FLOW, World
from tests.peers.house import MakeHouse
from tests.peers.modbus_fake import FakeDevice
from tests.peers.ports import free_port_number, wait_until


@pytest.fixture
async def world(make_house: MakeHouse) -> AsyncIterator[World]:
    async with FakeDevice().on_tcp() as fake:
        fake[1].holding.update({0: 415, 1: 50})
        yield World(await make_house(), fake)


async def test_a_link_that_is_replaced_while_a_device_begins_is_the_devices_link(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    park, gate, held = park_of(world.hub), asyncio.Event(), asyncio.Event()
    recall = Running._recall

    async def slowly(self: Running) -> None:
        held.set()
        await gate.wait()
        await recall(self)

    await world.hub.resources.put("modbus.definition", "boiler", BOILER)
    await world.put(LINK, "cellar", world.link())
    monkeypatch.setattr(Running, "_recall", slowly)
    spec = {"link": "cellar", "definition": "boiler", "name": "Cellar boiler"}
    await world.hub.resources.put(DEVICE, "boiler", spec)
    await held.wait()
    before = park.links["cellar"].line
    await world.put(LINK, "cellar", world.link(timeout=0.4))
    assert park.links["cellar"].line is not before
    gate.set()
    await world.shows(FLOW, "41.5")
    assert park.devices["boiler"].line is park.links["cellar"].line


async def test_devices_go_on_with_a_link_whose_change_failed_half_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.build()
    park, lines = park_of(world.hub), list[Any]()
    opened = Link._set_gateway

    async def fails_first(self: Link) -> None:
        lines.append(self.line)
        if len(lines) == 1:
            raise RuntimeError("no gateway today")
        await opened(self)

    gateway = {"port": free_port_number()}
    await world.put(LINK, "cellar", world.link(gateway=gateway))
    monkeypatch.setattr(Link, "_set_gateway", fails_first)
    await world.hub.resources.put(LINK, "cellar", world.link(timeout=0.4, gateway=gateway))
    await wait_until(lambda: bool(lines))
    await wait_until(lambda: park.devices["boiler"].line is park.links["cellar"].line)
    world.fake[1].holding[0] = 500
    await world.shows(FLOW, "50.0")
    await world.hub.resources.apply(LINK, "cellar")
    await world.settled(LINK, "cellar")
    gateway_now = park.links["cellar"].gateway
    assert gateway_now is not None
    assert gateway_now.listening
    assert park.devices["boiler"].line is park.links["cellar"].line


async def test_a_link_whose_change_failed_half_way_can_be_put_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.build()
    park, failed = park_of(world.hub), list[Any]()
    opened = Link._set_gateway

    async def fails_with_the_new_options(self: Link) -> None:
        if self.line.options.timeout == 0.4:
            failed.append(self.line)
            raise RuntimeError("no gateway today")
        await opened(self)

    before = world.link(gateway={"port": free_port_number()})
    await world.put(LINK, "cellar", before)
    monkeypatch.setattr(Link, "_set_gateway", fails_with_the_new_options)
    await world.hub.resources.put(LINK, "cellar", {**before, "timeout": 0.4})
    await wait_until(lambda: bool(failed))
    await wait_until(lambda: park.devices["boiler"].line is failed[-1])
    await world.put(LINK, "cellar", before)
    link = park.links["cellar"]
    assert link.line.options.timeout == 0.3
    assert link.gateway is not None
    assert link.gateway.listening
    assert park.devices["boiler"].line is link.line
    world.fake[1].holding[0] = 500
    await world.shows(FLOW, "50.0")


async def test_a_definition_that_could_not_be_changed_to_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.build()
    show, failures = Running._show, [RuntimeError("not now")]

    async def fails(self: Running) -> None:
        if failures:
            raise failures.pop()
        await show(self)

    monkeypatch.setattr(Running, "_show", fails)
    scaled: dict[str, Any] = {**BOILER, "model": "B-300"}
    await world.hub.resources.put("modbus.definition", "boiler", scaled)
    await wait_until(lambda: not failures)
    await world.hub.resources.apply(DEVICE, "boiler")
    await world.shows(FLOW, "41.5")
    park = park_of(world.hub)
    await wait_until(lambda: park.devices["boiler"].definition.model == "B-300")


async def test_what_was_learned_of_a_device_goes_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_SAVE_SECONDS", 0.3)
    world.fake[1].holes.update({("holding", address) for address in range(2, 9)})
    await world.build()
    await wait_until(lambda: park_of(world.hub).devices["boiler"].learned.holes)
    await world.hub.resources.delete(DEVICE, "boiler")
    await wait_until(lambda: not world.hub.resources.list(DEVICE))
    await asyncio.sleep(0.5)
    assert await world.hub.documents.load("modbus", "learned boiler") is None


async def test_a_device_that_is_deleted_leaves_nobody_behind(world: World) -> None:
    await world.build()
    await world.shows(FLOW, "41.5")
    device = park_of(world.hub).devices["boiler"]
    listeners = len(device.line._listeners)
    await world.hub.resources.delete(DEVICE, "boiler")
    await wait_until(lambda: not world.hub.resources.list(DEVICE))
    assert len(device.line._listeners) == listeners - 1
    assert not any(device.followers.slots.values())
    assert device.followers.health == {}
    ours = [task.get_name() for task in asyncio.all_tasks()]
    assert not [name for name in ours if name.startswith("modbus device")]


async def test_two_devices_of_one_unit_share_it(world: World) -> None:
    await world.build()
    spec = {"link": "cellar", "definition": "boiler", "name": "The same again"}
    await world.put(DEVICE, "again", spec)
    world.fake[1].holding[0] = 500
    await world.shows(FLOW, "50.0")
    await world.shows("sensor.the_same_again_flow", "50.0")
    await world.hub.resources.delete(DEVICE, "again")
    world.fake[1].holding[0] = 510
    await world.shows(FLOW, "51.0")


async def test_a_link_that_is_deleted_while_it_connects_is_gone(world: World) -> None:
    await world.fake.stop()
    await world.hub.resources.put(LINK, "cellar", world.link())
    await world.hub.resources.delete(LINK, "cellar")
    await wait_until(lambda: not world.hub.resources.list(LINK))
    assert park_of(world.hub).links == {}
    await world.fake.start()
    await asyncio.sleep(0.1)
    assert world.fake.open_now == 0


async def test_puts_right_after_each_other_end_with_the_last(world: World) -> None:
    await world.build()
    for unit in (2, 3, 4):
        world.fake[unit].holding[0] = unit * 100
        spec = {"link": "cellar", "definition": "boiler", "name": "Cellar boiler", "unit": unit}
        await world.hub.resources.put(DEVICE, "boiler", spec)
    await world.shows(FLOW, "40.0")
    await world.settled(DEVICE, "boiler")
    assert park_of(world.hub).devices["boiler"].settings.unit == 4
