"""kill -9 of a hub at each kind of ledger step: after the next start no ghost, nothing missing."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hub.config.settings import Discovery, MqttSettings
from tests.hub.mqtt.conftest import Build, retained, settle
from tests.peers.mosquitto import Mosquitto

ROOT = Path(__file__).parents[3]
KILLED = -9


async def run(data: Path, port: int, *arguments: str | int) -> list[str] | None:
    """Run a hub (`hub id, mode, scenario, fatal step`); its steps, or None when it was killed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.hub.mqtt.crash_hub", str(data), str(port)),
        *map(str, arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode in (0, KILLED), errors.decode()
    return output.decode().splitlines() if process.returncode == 0 else None


def interesting(steps: list[str], *, first: bool) -> list[int]:
    """Return the numbers of the last step of each name, and of the first one if wanted."""
    found = {len(steps) - steps[::-1].index(name) for name in steps}
    if first:
        found |= {steps.index(name) + 1 for name in steps}
    return sorted(found)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("before", "mode", "scenario", "expected"),
    [
        (None, "device", "none", {"after row", "before publish", "after publish"}),
        ("device", "device", "remove", {"before stub", "before clear", "after clear"}),
        ("device", "device", "rename", {"before clear", "before delete", "after delete"}),
        ("device", "entity", "none", {"before migrate", "after migrate", "after clear"}),
        ("entity", "device", "none", {"before migrate", "after migrate", "after clear"}),
    ],
    ids=["first start", "removal", "rename", "to entities", "to devices"],
)
async def test_killed_at_each_kind_of_step(
    build: Build,
    mqtt_settings: MqttSettings,
    mosquitto: Mosquitto,
    tmp_path: Path,
    before: str | None,
    mode: str,
    scenario: str,
    expected: set[str],
) -> None:
    """Each step has a hub id of its own on the one broker."""

    async def prepare(hub_id: str) -> None:
        if before is not None:
            assert await run(tmp_path / hub_id, mosquitto.port, hub_id, before, "none", 0)

    await prepare("dry")
    steps = await run(tmp_path / "dry", mosquitto.port, "dry", mode, scenario, 0)
    assert steps is not None
    assert expected <= set(steps)

    async def kill(number: int) -> None:
        hub_id = f"h{number}"
        await prepare(hub_id)
        killed = await run(tmp_path / hub_id, mosquitto.port, hub_id, mode, scenario, number)
        assert killed is None, steps[number - 1]

    numbers = interesting(steps, first=before is None)
    for start in range(0, len(numbers), 3):
        await asyncio.gather(*map(kill, numbers[start : start + 3]))
    await settle(mosquitto, lambda x: "online" not in [x.get(f"hub/h{n}/status") for n in numbers])
    for number in numbers:
        settings = replace(mqtt_settings, hub_id=f"h{number}", discovery=Discovery(mode))
        house = await build(settings, f"h{number}")
        await house.furnish()
        await house.start()
        await house.settled()
        found = {x for x in await retained(mosquitto) if f"/h{number}/" in x}
        assert found == set(house.mqtt.ledger.topics()), steps[number - 1]
        for state in house.hub.states.all():
            topic = f"hub/h{number}/{state.entity_id.replace('.', '/')}/availability"
            assert topic in found
        await house.close()
