"""A hub process that kills itself at a numbered ledger step; started by test_crash.py.

Arguments: data folder, broker port, hub id, mode (device or entity), scenario, number of the step
(0: live on and print the name of each step, a line each).
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from hub.config.settings import BrokerSettings, Discovery, MqttSettings
from hub.mqtt import herald, snapshot
from tests.hub.mqtt.house import House


async def main(data: Path, settings: MqttSettings, scenario: str, fatal: int) -> None:
    house = await House.build(data, settings)
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        if len(steps) == fatal:
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
    print("\n".join(steps), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    herald.DEBOUNCE = 0.05  # type: ignore[misc]
    snapshot.QUIET = 0.05  # type: ignore[misc]
    folder, port, hub_id, mode, wanted, number = sys.argv[1:]
    broker = BrokerSettings("127.0.0.1", int(port))
    chosen = MqttSettings(broker=broker, hub_id=hub_id, discovery=Discovery(mode))
    asyncio.run(main(Path(folder), chosen, wanted, int(number)))
