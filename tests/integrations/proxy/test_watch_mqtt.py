"""Entities of hosts on a real broker, as those of every integration."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integrations.proxy.conftest import World, forward
from tests.peers.house import MakeHouse
from tests.peers.mosquitto import Mosquitto
from tests.peers.nginx import Backend
from tests.peers.ports import wait_until
from tests.peers.sshd import Sshd

CONFIG = "hub:\n  name: Test\nmqtt:\n  broker: {{host: 127.0.0.1, port: {port}}}\n"


async def test_a_host_is_switched_over_mqtt(
    make_house: MakeHouse,
    mosquitto: Mosquitto,
    sshd: Sshd,
    make_base: Callable[[], Path],
    backend: Backend,
) -> None:
    world = World(await make_house(CONFIG.format(port=mosquitto.port)))
    await world.add_host(sshd)
    await world.add_own(make_base())
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    device = await announced(mosquitto, "blog.test")
    entities = {one["name"]: one for one in device["cmps"].values() if "name" in one}
    assert entities["Successes"]["unit_of_meas"] == "req/min"
    assert entities["Upstream"]["dev_cla"] == "connectivity"
    base = device.get("~", "")
    topic, shown = (entities["Enabled"][key].replace("~", base) for key in ("cmd_t", "stat_t"))
    await told(mosquitto, shown, "on")
    await asyncio.to_thread(mosquitto.publish, topic, "OFF")
    await wait_until(lambda: not world.hub.resources.get("proxy.host", "blog").spec["enabled"])
    await wait_until(lambda: state(world, "sensor.blog_test_deploy_state") == "disabled")
    assert await world.fetch("blog.test") is None
    await told(mosquitto, shown, "off")


def state(world: World, entity_id: str) -> str | None:
    found = world.hub.states.get(entity_id)
    return None if found is None else found.state


async def retained(mosquitto: Mosquitto, pattern: str) -> dict[str, str]:
    return await asyncio.to_thread(mosquitto.retained, pattern)


async def told(mosquitto: Mosquitto, topic: str, value: str) -> None:
    """Wait until a topic says something."""
    async with asyncio.timeout(30):
        while (await retained(mosquitto, topic)).get(topic, "").lower() != value:
            await asyncio.sleep(0.05)


async def announced(mosquitto: Mosquitto, name: str) -> dict[str, Any]:
    """Return the discovery of a device, as a client reads it."""
    async with asyncio.timeout(30):
        while True:
            for payload in (await retained(mosquitto, "homeassistant/#")).values():
                found: dict[str, Any] = json.loads(payload)
                named = {one.get("name") for one in found.get("cmps", {}).values()}
                if found["dev"]["name"] == name and "Enabled" in named:
                    return found
