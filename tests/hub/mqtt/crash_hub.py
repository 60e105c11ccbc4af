"""A hub process that kills itself at a numbered ledger step; started by test_crash.py.

Arguments: data folder, broker port, mode (device or entity), scenario, number of the step.
Prints the name of the step it dies at, or `done`.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from hub.mqtt import BrokerSettings, Discovery, MqttSettings
from tests.hub.mqtt.house import House


async def main(data: Path, port: int, mode: str, scenario: str, fatal: int) -> None:
    settings = MqttSettings(
        broker=BrokerSettings("127.0.0.1", port), hub_id="h1", discovery=Discovery(mode)
    )
    house = await House.build(data, settings)
    steps = 0

    def step(name: str) -> None:
        nonlocal steps
        steps += 1
        if steps == fatal:
            print(name, flush=True)  # noqa: T201 - the answer
            os.kill(os.getpid(), signal.SIGKILL)

    house.mqtt.step = step
    await house.furnish()
    await house.start()
    await house.settled()
    if scenario == "remove":
        house.hub.entity_registry.remove("sensor.living_temperature")
        house.hub.entity_registry.remove("switch.box_pump")
    elif scenario == "rename":
        house.hub.entity_registry.update("climate.living", new_entity_id="climate.lounge")
    await house.hub.entity_registry.flush()
    await house.settled()
    await house.close()
    print("done", flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:5], int(sys.argv[5])))
