"""kill -9 of a hub at each ledger step: after the next start no ghost and nothing missing."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from hub.mqtt import MqttSettings
from tests.hub.mqtt.conftest import Build, retained, settle
from tests.peers.mosquitto import Mosquitto

ROOT = Path(__file__).parents[3]


def run(data: Path, port: int, mode: str, scenario: str, step: int) -> str:
    """Run a hub that dies at a step; return the step's name, or `done`."""
    arguments = [str(data), str(port), mode, scenario, str(step)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.hub.mqtt.crash_hub", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    name = done.stdout.strip()
    assert name, done.stderr
    assert (done.returncode == 0) is (name == "done"), done.stderr
    return name


async def check(build: Build, settings: MqttSettings, mosquitto: Mosquitto, folder: str) -> None:
    """Start a hub that lives and compare broker and ledger."""
    house = await build(settings, folder)
    await house.furnish()
    await house.start()
    await house.settled()
    found = await retained(mosquitto)
    assert sorted(found) == sorted(house.mqtt.ledger.topics())
    for state in house.hub.states.all():
        base = f"hub/h1/{state.entity_id.replace('.', '/')}"
        assert found[f"{base}/availability"] == "online"
    assert await house.mqtt.orphans() == []
    await house.close()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("before", "mode", "scenario"),
    [
        (None, "device", "none"),
        ("device", "device", "remove"),
        ("device", "device", "rename"),
        ("device", "entity", "none"),
        ("entity", "device", "none"),
    ],
    ids=["first start", "removal", "rename", "to entities", "to devices"],
)
async def test_killed_at_each_step(
    build: Build,
    mqtt_settings: MqttSettings,
    mosquitto: Mosquitto,
    tmp_path: Path,
    before: str | None,
    mode: str,
    scenario: str,
) -> None:
    died: list[str] = []
    step = 1
    while True:
        folder = f"data{step}"
        for topic in await retained(mosquitto):
            await asyncio.to_thread(mosquitto.publish, topic, None, retain=True)
        if before is not None:
            name = await asyncio.to_thread(
                run, tmp_path / folder, mosquitto.port, before, "none", 0
            )
            assert name == "done"
        name = await asyncio.to_thread(run, tmp_path / folder, mosquitto.port, mode, scenario, step)
        if name == "done":
            break
        died.append(name)
        await settle(mosquitto, lambda x: x.get("hub/h1/status") != "online")
        await check(build, mqtt_settings, mosquitto, folder)
        step += STRIDE
    assert died


STRIDE = 1
