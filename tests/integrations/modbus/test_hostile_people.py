"""What people may not do, and what they never see: writes of viewers, keys, paths."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import voluptuous as vol

from hub.auth import Role
from hub.errors import HubError, Unauthorized
from hub.events import ALL, Context
from hub.sdk import dumps
from integrations.modbus.const import DEVICE, LINK
from integrations.modbus.link_schema import LINK as LINK_SPEC
from tests.integrations.modbus.test_resources import FLOW, TARGET, World
from tests.peers.house import MakeHouse
from tests.peers.modbus_fake import FakeDevice
from tests.peers.ports import free_port_number, wait_until

SECRET = "U0VDUkVU" * 12
KEY = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"
PEM = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"


@pytest.fixture
async def world(make_house: MakeHouse) -> AsyncIterator[World]:
    async with FakeDevice().on_tcp() as fake:
        fake[1].holding.update({0: 415, 1: 50})
        yield World(await make_house(), fake)


async def test_who_only_looks_writes_nothing(world: World) -> None:
    await world.build()
    await world.shows(FLOW, "41.5")
    user = await world.hub.auth.users.create("Viewer", role=Role.VIEWER)
    viewer = Context(user_id=user.id)
    call = world.hub.services.call
    read_now = next(
        entry.entity_id
        for entry in world.hub.entity_registry.all()
        if entry.unique_id == "boiler|device-read-now"
    )
    requests = len(world.fake.log)
    for domain, service, data, target in (
        ("number", "set_value", {"value": 60}, {"entity_id": TARGET}),
        ("button", "press", {}, {"entity_id": read_now}),
        ("modbus", "write_registers", {"device": "boiler", "values": {"target": 60}}, None),
        (
            "modbus",
            "write_registers",
            {"link": "cellar", "unit": 1, "table": "holding", "address": 1, "values": [60]},
            None,
        ),
    ):
        with pytest.raises(Unauthorized):
            await call(domain, service, data, target, viewer)
    assert world.fake.writes == []
    assert world.fake[1].holding[1] == 50
    assert requests <= len(world.fake.log)
    with pytest.raises(Unauthorized):
        await world.hub.resources.put(LINK, "cellar", world.link(), context=viewer)
    with pytest.raises(Unauthorized):
        await world.hub.resources.delete(DEVICE, "boiler", context=viewer)


async def test_a_key_is_in_no_log_event_step_job_fact_or_diagnosis(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    events: list[Any] = []
    world.hub.bus.listen(ALL, lambda event: events.append((event.type, event.data)))
    await world.put(LINK, "safe", world.link())
    port = free_port_number()
    transport = {"type": "tls", "host": "127.0.0.1", "port": port, "certificate": PEM, "key": KEY}
    plan = await world.hub.resources.plan(LINK, "safe", {"transport": transport})
    await world.hub.resources.put(LINK, "safe", {"transport": transport})
    await wait_until(lambda: "127.0.0.1" in world.hub.resources.status(LINK, "safe").message)
    other = {**transport, "key": KEY.replace("U0VD", "T1RI")}
    await world.hub.resources.put(LINK, "safe", {"transport": other})
    await wait_until(lambda: len(world.hub.jobs.list()) >= 3)
    diagnosis = await world.hub.services.call("modbus", "diagnostics", {}, None, None, True)
    jobs = world.hub.jobs.list()
    lines = [await world.hub.jobs.log(job.id) for job in jobs]
    status = world.hub.resources.status(LINK, "safe")
    told = "\n".join(
        [
            caplog.text,
            repr(events),
            repr(plan),
            repr(jobs),
            repr(lines),
            repr(status),
            dumps(diagnosis).decode(),
            json.dumps([state.as_dict() for state in world.hub.states.all()], default=str),
        ]
    )
    assert SECRET[:24] not in told
    assert "T1RIUkVU" not in told


@pytest.mark.parametrize(
    "device",
    ["ttyUSB0", "/dev/../etc/passwd", "/dev/tty\n", "/dev/tty USB", "/dev/tty;rm", "/", "/dev/\0"],
)
def test_a_serial_device_is_a_plain_path(device: str) -> None:
    with pytest.raises(vol.Invalid, match=r"a serial device"):
        LINK_SPEC({"transport": {"type": "rtu", "device": device}})


async def test_a_recording_stays_in_its_folder_whatever_the_key(world: World) -> None:
    spec = world.link(capture={"enabled": True})
    for key in ("../cellar", "a/b", "..", "a|b", "A:b", "x" * 200, "\0", ""):
        with pytest.raises(HubError):
            await world.hub.resources.put(LINK, key, spec)
    assert world.hub.resources.list(LINK) == []


async def test_a_device_that_is_only_written_is_live_at_once(world: World) -> None:
    spec = {
        "name": "Bell",
        "blocks": [
            {
                "table": "holding",
                "first": 0,
                "registers": {"ring": {"address": 7, "access": "write", "write": {}}},
            }
        ],
        "entities": [{"kind": "button", "register": "ring", "value": 1, "name": "Ring"}],
    }
    await world.hub.resources.put("modbus.definition", "bell", spec)
    await world.put(LINK, "cellar", world.link())
    await world.put(DEVICE, "bell", {"link": "cellar", "definition": "bell", "name": "Bell"})
    await world.hub.services.call("button", "press", {}, {"entity_id": "button.bell_ring"})
    assert world.fake[1].holding[7] == 1
    assert world.fake.reads == []
