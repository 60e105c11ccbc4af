"""The services, in a hub of real objects before a device that does as it is told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub import bootstrap
from hub.auth import Role
from hub.auth.service_rights import ServiceRights
from hub.config.settings import Settings
from hub.errors import (
    HubError,
    InvalidFormat,
    NotAllowed,
    NotFound,
    ServiceValidationError,
    TimedOut,
    Unauthorized,
    Unavailable,
)
from hub.events import Context
from hub.hub import Hub
from integrations.modbus.park import Park, park_of
from integrations.modbus.waiting import MOST
from tests.integrations.modbus.devices import MAP
from tests.peers.modbus_fake import FakeDevice
from tests.peers.ports import free_port_number, wait_until

RAW: dict[str, Any] = {"link": "cellar", "unit": 1, "table": "holding", "address": 10}


@dataclass
class World:
    """A hub with the link `cellar` and the device `boiler`, unit 1."""

    hub: Hub
    fake: FakeDevice

    @property
    def park(self) -> Park:
        return park_of(self.hub)

    async def call(self, service: str, context: Context | None = None, **data: Any) -> Any:
        return await self.hub.services.call("modbus", service, data, None, context, True)

    async def done(self, answer: Any) -> Any:
        """Wait for the job of an answer; returns its record."""
        await wait_until(lambda: self.hub.jobs.get(answer["job_id"]).state.ended)
        return self.hub.jobs.get(answer["job_id"])

    async def put(self, name: str, spec: dict[str, Any]) -> None:
        kind, _, key = name.partition("/")
        change = await self.hub.resources.put(kind, key, spec)
        await wait_until(
            lambda: self.hub.resources.status(kind, key).observed_revision == change.revision
        )

    def device_spec(self, **more: Any) -> dict[str, Any]:
        intervals = {"fast": 0.5, "normal": 0.5, "slow": 0.5}
        return {"link": "cellar", "definition": "boiler", "intervals": intervals, **more}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    fake = FakeDevice()
    async with fake.on_tcp():
        hub = await bootstrap._build(Settings(), tmp_path, tmp_path)
        hub.entities.start(hub)
        hub.services.permission = ServiceRights(hub.auth.users)
        transport = {"host": "127.0.0.1", "port": fake.port}
        link = {"transport": transport, "timeout": 0.2, "retries": 0, "name": "Cellar"}
        await hub.resources.put("modbus.definition", "boiler", MAP)
        await hub.resources.put("modbus.link", "cellar", link)
        world = World(hub, fake)
        await hub.resources.put("modbus.device", "boiler", world.device_spec())
        await hub.resources.start(hub)
        await wait_until(lambda: "boiler" in world.park.devices)
        await wait_until(lambda: world.park.devices["boiler"].version > 0)
        yield world
        await bootstrap._end_work(hub)
        for registry in (hub.floors, hub.labels, hub.areas, hub.devices):
            await registry.flush()
        await hub.entity_registry.flush()
        await hub.tasks.close(1)
        await hub.database.close()


# --- what is known


async def test_registers_tell_all_of_a_device(world: World) -> None:
    world.fake[1].holding[10] = 215
    answer = await world.call("read_registers", device="boiler", registers=["target"])
    assert answer["values"]["target"]["value"] == 21.5
    answer = await world.call("registers", device="modbus.device/boiler")
    assert (answer["device"], answer["name"], answer["available"]) == ("boiler", "boiler", True)
    assert len(answer["registers"]) == len(world.park.devices["boiler"].definition.registers)
    target = next(item for item in answer["registers"] if item["key"] == "target")
    assert {name: target[name] for name in ("table", "address", "words", "raw", "value")} == {
        "table": "holding",
        "address": 10,
        "words": 1,
        "raw": [215],
        "value": 21.5,
    }
    assert {
        "name",
        "type",
        "unit",
        "at",
        "age",
        "quality",
        "reason",
        "rate",
        "access",
        "writable",
    } <= set(target)


async def test_who_waits_is_answered_when_there_is_something_newer(world: World) -> None:
    version = world.park.devices["boiler"].version
    answer = await world.call("registers", device="boiler", after=version, wait=20)
    assert answer["version"] > version
    old = await world.call("registers", device="boiler", after=version, wait=20)
    assert old["version"] >= answer["version"]
    await world.put(
        "modbus.device/boiler",
        world.device_spec(intervals={"fast": 900, "normal": 900, "slow": 900}),
    )
    device = world.park.devices["boiler"]
    clock = world.hub.clock
    await wait_until(lambda: min(device.schedule.next.values()) > clock.monotonic() + 60)
    version = device.version
    late = await world.call("registers", device="boiler", after=version, wait=0.1)
    assert late["version"] == version
    waiting = [
        asyncio.create_task(world.call("registers", device="boiler", after=version, wait=30))
        for _ in range(MOST)
    ]
    await asyncio.sleep(0.05)
    with pytest.raises(Unavailable, match="callers wait already"):
        await world.call("registers", device="boiler", after=version, wait=30)
    assert not any(task.done() for task in waiting)
    await world.fake.stop()
    await asyncio.gather(*waiting)
    assert not (await world.call("registers", device="boiler"))["available"]
    await world.fake.start()


async def test_who_waits_when_the_services_go_is_let_go(world: World) -> None:
    await world.put(
        "modbus.device/boiler",
        world.device_spec(intervals={"fast": 900, "normal": 900, "slow": 900}),
    )
    device, clock = world.park.devices["boiler"], world.hub.clock
    await wait_until(lambda: min(device.schedule.next.values()) > clock.monotonic() + 60)
    version = device.version
    task = asyncio.create_task(world.call("registers", device="boiler", after=version, wait=30))
    await asyncio.sleep(0.02)
    await bootstrap._end_work(world.hub)
    assert (await task)["version"] == version


# --- reading and writing


async def test_raw_words_are_read_and_written(world: World) -> None:
    world.fake[1].holding[11] = 2
    assert await world.call("read_registers", **RAW, count=2) == {"registers": [0, 2]}
    assert await world.call("write_registers", **RAW, values=[7, 1]) == {
        "written": True,
        "before": [0, 2],
        "after": [7, 1],
    }
    await world.call(
        "write_registers", **{**RAW, "link": "modbus.link/cellar"}, values=[8], function="multiple"
    )
    await world.call("write_registers", **RAW, values=[0, 3], function="mask")
    assert [request.function for request in world.fake.writes] == [16, 16, 22]
    coil = {**RAW, "table": "coil", "address": 3}
    answer = await world.call("write_registers", **coil, values=[True])
    assert (answer["before"], answer["after"]) == ([0], [1])
    assert await world.call("read_registers", **coil, count=2) == {"registers": [1, 0]}


async def test_values_of_a_device_are_written_and_told(world: World) -> None:
    world.fake[1].holding[10] = 200
    await world.call("read_registers", device="boiler", registers=["target", "mode"])
    answer = await world.call(
        "write_registers", device="boiler", values={"target": 21.5, "mode": "heat"}
    )
    assert answer == {
        "written": True,
        "before": {"target": 20.0, "mode": "off"},
        "after": {"target": 21.5, "mode": "heat"},
    }
    assert (world.fake[1].holding[10], world.fake[1].holding[11]) == (215, 1)


WRONG: list[tuple[str, dict[str, Any], type[HubError], str]] = [
    ("read_registers", {}, InvalidFormat, "either a link or a device"),
    ("read_registers", {**RAW, "device": "boiler"}, InvalidFormat, "either a link or a"),
    ("read_registers", {**RAW, "count": 126}, InvalidFormat, "data['count']"),
    ("read_registers", {**RAW, "address": 65535, "count": 2}, InvalidFormat, "data['count']"),
    ("read_registers", {**RAW, "table": "relay", "count": 1}, InvalidFormat, "data['table']"),
    ("read_registers", {**RAW, "unit": 256, "count": 1}, InvalidFormat, "data['unit']"),
    ("read_registers", {**RAW, "link": "attic", "count": 1}, NotFound, "attic"),
    ("read_registers", {"device": "boiler", "registers": ["x"]}, NotFound, "registers: "),
    ("registers", {"device": "attic"}, NotFound, "attic"),
    ("registers", {"device": "boiler", "after": 1, "wait": 31}, InvalidFormat, "data['wait']"),
    ("write_registers", {**RAW, "values": [65536]}, InvalidFormat, "data['values"),
    ("write_registers", {**RAW, "values": []}, InvalidFormat, "data['values']"),
    (
        "write_registers",
        {**RAW, "table": "input", "values": [1]},
        InvalidFormat,
        "data['table']",
    ),
    (
        "write_registers",
        {**RAW, "table": "coil", "values": [2]},
        InvalidFormat,
        "data['values']",
    ),
    (
        "write_registers",
        {**RAW, "values": [1], "function": "mask"},
        InvalidFormat,
        "data['function']",
    ),
    (
        "write_registers",
        {**RAW, "table": "coil", "values": [1, 0], "function": "mask"},
        InvalidFormat,
        "data['function']",
    ),
    ("write_registers", {"device": "boiler", "values": {}}, InvalidFormat, "data['values']"),
    ("write_registers", {"device": "boiler", "values": {"x": 1}}, NotFound, "values: "),
    (
        "write_registers",
        {"device": "boiler", "values": {"target": 31}},
        ServiceValidationError,
        "target: ",
    ),
    (
        "write_registers",
        {"device": "boiler", "values": {"target": float("nan")}},
        InvalidFormat,
        "finite",
    ),
    (
        "write_registers",
        {"device": "boiler", "values": {"valve": True}},
        ServiceValidationError,
        "valve: ",
    ),
    ("scan", {"link": "cellar", "units": [5, 1]}, InvalidFormat, "data['units']"),
    ("scan", {"link": "cellar", "units": [1]}, InvalidFormat, "data['units']"),
    ("scan", {"link": "cellar", "units": [1, 1], "pause": 11}, InvalidFormat, "data['pause']"),
    (
        "scan",
        {
            "link": "cellar",
            "units": [1, 1],
            "ranges": [{"table": "coil", "first": 1, "last": 0}],
        },
        InvalidFormat,
        "data['ranges",
    ),
]


async def test_what_is_wrong_is_named_by_its_field(world: World) -> None:
    for service, data, error, words in WRONG:
        with pytest.raises(error) as raised:
            await world.call(service, **data)
        assert words in raised.value.message, (service, data)


async def test_what_the_line_says_is_passed_on(world: World) -> None:
    world.fake[1].holes.add(("holding", 10))
    with pytest.raises(
        ServiceValidationError, match=r"Cellar, unit 1, holding 10: .*illegal address"
    ):
        await world.call("read_registers", **RAW, count=1)
    with pytest.raises(TimedOut, match="unit 9"):
        await world.call("read_registers", **{**RAW, "unit": 9}, count=1)
    await world.fake.stop()
    with pytest.raises(Unavailable, match="Cellar"):
        await world.call("read_registers", **RAW, count=1)
    with pytest.raises(Unavailable):
        await world.call("scan", link="cellar", units=[1, 2])
    await world.fake.start()


async def test_a_device_that_is_only_read_refuses_every_way_to_write(world: World) -> None:
    await world.put("modbus.device/boiler", world.device_spec(read_only=True))
    world.fake.log.clear()
    for data in (
        {"device": "boiler", "values": {"target": 20}},
        {**RAW, "values": [1]},
        {**RAW, "unit": 0, "values": [1]},
    ):
        with pytest.raises(NotAllowed, match="only read"):
            await world.call("write_registers", **data)
    assert world.fake.writes == []


# --- jobs


async def test_a_scan_is_a_job_with_a_result(world: World) -> None:
    world.fake[3].only = {"holding": {0, 1, 2}}
    answer = await world.call(
        "scan",
        link="cellar",
        units=[1, 3],
        ranges=[{"table": "holding", "first": 0, "last": 9}],
        pause=0,
    )
    with pytest.raises(
        NotAllowed, match=r"busy with another one, modbus\.scan of modbus\.link/cellar"
    ):
        await world.call("learn", device="boiler")
    record = await world.done(answer)
    assert record.state == "done", record.error
    assert (record.kind, record.target) == ("modbus.scan", "modbus.link/cellar")
    assert [item["unit"] for item in record.result["units"]] == [1, 3]
    assert {"unit": 3, "table": "holding", "first": 0, "last": 2} in record.result["ranges"]
    lines = await world.hub.jobs.log(record.id)
    assert any("Unit 3 answers" in line.line for line in lines)


async def test_a_scan_can_be_cancelled_and_the_line_goes_on(world: World) -> None:
    answer = await world.call("scan", link="cellar", units=[10, 247])
    await asyncio.sleep(0.05)
    await world.hub.jobs.cancel(answer["job_id"])
    assert (await world.done(answer)).state == "cancelled"
    assert await world.call("read_registers", **RAW, count=1) == {"registers": [0]}
    await world.done(await world.call("scan", link="cellar", units=[1, 1], pause=0))


async def test_a_job_that_was_not_started_keeps_no_link_busy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(world.hub.jobs, "_stopping", True)
        with pytest.raises(Unavailable, match="is stopping"):
            await world.call("scan", link="cellar", units=[1, 1], pause=0)
    record = await world.done(await world.call("scan", link="cellar", units=[1, 1], pause=0))
    assert record.state == "done", record.error


@pytest.mark.parametrize("change", ["rebuilt", "moved", "deleted"])
async def test_learning_ends_with_the_device_it_began_with(world: World, change: str) -> None:
    transport = {"host": "127.0.0.1", "port": world.fake.port}
    await world.put("modbus.link/cellar", {"transport": transport, "timeout": 30, "retries": 0})
    device, heard = world.park.devices["boiler"], len(world.fake.log)
    world.fake.delay = 0.02
    answer = await world.call("learn", device="boiler")
    await wait_until(lambda: any(item.count == 1 for item in world.fake.log[heard:]))
    world.fake.gate.clear()  # it learns no more before the change is made
    if change == "rebuilt":
        await world.put("modbus.definition/boiler", {**MAP, "model": "B-300"})
    elif change == "moved":
        world.fake[2].holding[10] = 1
        await world.put("modbus.device/boiler", world.device_spec(unit=2))
    else:
        await world.hub.resources.delete("modbus.device", "boiler")
    await wait_until(lambda: device.is_stopped or device.settings.unit == 2)
    world.fake.gate.set()
    record = await world.done(answer)
    assert record.state == "failed"
    assert "boiler: the device was changed meanwhile" in record.error["message"]


async def test_learning_is_a_job_and_can_be_forgotten(world: World) -> None:
    world.fake[1].holes.add(("input", 40))
    record = await world.done(await world.call("learn", device="boiler"))
    assert record.state == "done", record.error
    assert record.result["refused"] == ["serial"]
    assert (record.kind, record.target) == ("modbus.learn", "modbus.device/boiler")
    device = world.park.devices["boiler"]
    assert device.learned.dead
    assert await world.call("forget", device="boiler") == {"forgotten": True}
    assert not device.learned.dead


async def test_what_only_waits_to_be_written_is_not_called_written(world: World) -> None:
    await world.put("modbus.device/boiler", world.device_spec(when_offline="queue"))
    device = world.park.devices["boiler"]
    await world.fake.stop()
    await wait_until(lambda: not device.line.connected)
    answer = await world.call("write_registers", device="boiler", values={"target": 22})
    assert (answer["written"], answer["pending"]) == (False, ["target"])
    await world.fake.start()
    await wait_until(lambda: world.fake[1].holding[10] == 220)
    answer = await world.call("write_registers", device="boiler", values={"target": 21})
    assert answer["written"]
    assert "pending" not in answer


# --- rights


async def test_rights_on_the_resource_decide(world: World) -> None:
    auth = world.hub.auth
    viewer = Context(user_id=(await auth.users.create("Viewer", role=Role.VIEWER)).id)
    operator = Context(user_id=(await auth.users.create("Op", role=Role.OPERATOR)).id)
    admin = Context(user_id=(await auth.users.create("Admin", role=Role.ADMIN)).id)
    nobody = Context(user_id="nobody")
    writes: dict[str, dict[str, Any]] = {
        "write_registers": {"device": "boiler", "values": {"target": 20}},
        "scan": {"link": "cellar", "units": [1, 1]},
        "learn": {"device": "boiler"},
        "forget": {"device": "boiler"},
    }
    for service, data in writes.items():
        for context in (viewer, nobody):
            with pytest.raises(Unauthorized):
                await world.call(service, context, **data)
    for context in (viewer, operator, nobody):
        with pytest.raises(Unauthorized):
            await world.call("diagnostics", context)
    with pytest.raises(Unauthorized):
        await world.call("write_registers", viewer, **RAW, values=[1])
    with pytest.raises(Unauthorized):
        await world.call("read_registers", nobody, **RAW, count=1)
    with pytest.raises(Unauthorized):
        await world.call("registers", nobody, device="there_is_no_such_device")
    assert await world.call("registers", operator, device="boiler")
    assert await world.call("write_registers", admin, **RAW, values=[60])
    assert await world.call("diagnostics", admin)


async def test_diagnostics_tell_how_all_of_it_fares(world: World) -> None:
    link = {
        "name": "Cellar",
        "transport": {"host": "127.0.0.1", "port": world.fake.port},
        "timeout": 0.2,
        "capture": {"enabled": True},
        "gateway": {"port": free_port_number()},
    }
    await world.put("modbus.link/cellar", link)
    world.fake[1].holes.add(("input", 40))
    world.park.devices["boiler"].forget()
    device = world.park.devices["boiler"]
    await wait_until(lambda: device.reading("serial").reason == "illegal_address")
    answer = await world.call("diagnostics")
    cellar, boiler = answer["links"]["cellar"], answer["devices"]["boiler"]
    assert cellar["options"]["transport"] == {"type": "tcp", **link["transport"]}  # type: ignore[dict-item]
    assert cellar["connected"]
    assert cellar["gateway"]["listening"]
    assert cellar["capture"] == {"file": "cellar.jsonl", "dropped": 0}
    assert cellar["counters"]["requests"] > 0
    assert boiler["registers"]["serial"]["reason"] == "illegal_address"
    assert boiler["breaker"]["state"] == "closed"
    assert boiler["learned"]["dead"]
    assert boiler["reads"]
