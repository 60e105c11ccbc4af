"""A house of real parts with an MQTT room, and an independent look at the broker."""

import asyncio
import secrets
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub.config.settings import BrokerSettings, MqttSettings
from tests.hub.mqtt.house import House
from tests.peers.mosquitto import INSTALL, MARKER, Mosquitto
from tests.peers.ports import require, wait_until

Build = Callable[..., "asyncio.Future[House]"]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits that only spare a consumer."""
    monkeypatch.setattr("hub.mqtt.herald.DEBOUNCE", 0.05)
    monkeypatch.setattr("hub.mqtt.herald.REPEAT", 0.1)
    monkeypatch.setattr("hub.mqtt.birth.EARLIEST", 0.3)
    monkeypatch.setattr("hub.mqtt.birth.JITTER", 0.1)
    monkeypatch.setattr("hub.mqtt.snapshot.QUIET", 0.05)
    monkeypatch.setattr("hub.resilience.backoff.STEPS", (0.2, 0.5))


@pytest.fixture
def mqtt_settings(mosquitto: Mosquitto) -> MqttSettings:
    return MqttSettings(
        broker=BrokerSettings("127.0.0.1", mosquitto.port), hub_id="h1", hub_name="Home"
    )


@pytest.fixture
async def build(tmp_path: Path) -> AsyncIterator[Build]:
    """Return a function that builds a house (`settings`, optional data `folder`)."""
    built: list[House] = []

    async def make(settings: MqttSettings, folder: str = "data") -> House:
        house = await House.build(tmp_path / folder, settings)
        built.append(house)
        return house

    yield make  # type: ignore[misc]
    for house in built:
        await house.close()


@pytest.fixture
async def house(build: Build, mqtt_settings: MqttSettings) -> House:
    """A started house with one entity of each kind, everything acknowledged."""
    made = await build(mqtt_settings)
    await made.furnish()
    await made.start()
    await made.settled()
    return made


@dataclass
class Witness:
    """A plain subscriber that we did not write: mosquitto_sub."""

    process: subprocess.Popen[str]
    mosquitto: Mosquitto
    lines: list[tuple[str, str, bool]] = field(default_factory=list)

    def of(self, topic: str) -> list[str]:
        """Return the payloads seen on a topic, oldest first."""
        return [payload for name, payload, _ in self.lines if name == topic]

    async def caught_up(self) -> None:
        """Wait until what the broker was told before has arrived here too."""
        mark = secrets.token_hex(8)
        await asyncio.to_thread(self.mosquitto.publish, MARKER, mark)
        await wait_until(lambda: mark in self.of(MARKER))

    async def read(self) -> None:
        """Collect lines until the end."""
        while line := await asyncio.to_thread(self._line):
            topic, _, rest = line.partition("\t")
            retain, _, payload = rest.partition("\t")
            self.lines.append((topic, payload, retain == "1"))

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")


@pytest.fixture
async def witness(mosquitto: Mosquitto) -> AsyncIterator[Witness]:
    """Everything that mosquitto_sub receives on `#` from now on."""
    command = [
        *(require("mosquitto_sub", INSTALL), "-p", str(mosquitto.port), "-q", "1"),
        *("-t", "#", "-F", "%t\t%r\t%p"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1)  # noqa: ASYNC220
    seen = Witness(process, mosquitto)
    reader = asyncio.create_task(seen.read())
    while not seen.of("witness"):
        await asyncio.to_thread(mosquitto.publish, "witness", "ready")
    yield seen
    process.terminate()
    await reader
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


async def retained(mosquitto: Mosquitto) -> dict[str, str]:
    """Return all that mosquitto_sub finds retained."""
    return await asyncio.to_thread(mosquitto.retained)


async def settle(
    mosquitto: Mosquitto, expected: Callable[[dict[str, str]], bool]
) -> dict[str, str]:
    """Return the retained messages once they are as expected."""
    found: dict[str, str] = {}

    async with asyncio.timeout(30):
        while True:
            found = await retained(mosquitto)
            if expected(found):
                return found


__all__ = ["Build", "House", "Witness", "retained", "settle", "wait_until"]
