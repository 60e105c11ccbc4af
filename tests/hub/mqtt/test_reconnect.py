"""Dialling again: waits, fallback to MQTT 3.1.1, one log line for one trouble."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from hub.config.settings import BrokerSettings, Protocol
from hub.mqtt.link import Link
from hub.mqtt.reconnect import Reconnect
from hub.resilience import Backoff
from hub.util.clock import Clock, FakeClock, SystemClock
from tests.peers.mosquitto import Mosquitto
from tests.peers.ports import wait_until

if TYPE_CHECKING:
    from hub.mqtt.errors import LinkError


class Opened:
    """Keeps a link open and counts."""

    def __init__(self, port: int, clock: Clock, **more: Protocol) -> None:
        self.links: list[Link] = []
        self.lost: list[LinkError] = []
        self.reconnect = Reconnect(
            lambda version, lost: Link(
                BrokerSettings("127.0.0.1", port), "r", version, on_lost=lost
            ),
            clock,
            where=lambda: "here",
            backoff=Backoff((1.0, 10.0), draw=lambda: 0.5),
            **more,  # type: ignore[arg-type]
        )
        self.task = asyncio.create_task(self.reconnect.run(self._opened, self.lost.append))

    async def _opened(self, link: Link) -> None:
        self.links.append(link)

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        for link in self.links:
            await link.close()


async def test_waits_longer_and_says_it_once(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    mosquitto.stop()
    opened = Opened(mosquitto.port, clock)

    def attempts() -> int:
        return opened.reconnect.attempts

    await wait_until(lambda: opened.reconnect.failure and clock._timers)
    assert attempts() == 1
    await clock.advance(1.1)
    await wait_until(lambda: attempts() == 2 and clock._timers)
    await clock.advance(5)
    assert attempts() == 2
    mosquitto.start()
    await clock.advance(6)
    await wait_until(lambda: opened.links)
    assert opened.reconnect.failure is None
    assert len([x for x in caplog.messages if "No connection" in x]) == 1
    await opened.close()


async def test_hurry_skips_the_wait(mosquitto: Mosquitto) -> None:
    clock = FakeClock()
    mosquitto.stop()
    opened = Opened(mosquitto.port, clock)
    await wait_until(lambda: opened.reconnect.failure and clock._timers)
    mosquitto.start()
    opened.reconnect.hurry()
    await wait_until(lambda: opened.links)
    await opened.close()


async def test_comes_back_after_a_loss(mosquitto: Mosquitto) -> None:
    opened = Opened(mosquitto.port, SystemClock())
    await wait_until(lambda: opened.links)
    mosquitto.stop()
    await wait_until(lambda: opened.lost)
    mosquitto.start()
    await wait_until(lambda: len(opened.links) == 2)
    assert opened.reconnect.reconnects == 1
    await opened.close()


@asynccontextmanager
async def old_broker(port: int, behind: int, refusal: bytes) -> AsyncIterator[None]:
    """Refuse MQTT 5 as `refusal` says, pass 3.1.1 through to a real broker.

    No mosquitto can be told to refuse a version, so this stands before one.
    """

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(4096):
            target.write(data)
        target.close()

    tasks: list[asyncio.Task[None]] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.create_task(serve(reader, writer)))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(4096)
        if first[8] == 5:
            writer.write(refusal)
            writer.close()
            return
        inner, outer = await asyncio.open_connection("127.0.0.1", behind)
        outer.write(first)
        await asyncio.gather(copy(reader, outer), copy(inner, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    yield
    server.close()
    await asyncio.gather(*tasks)


REFUSALS = {
    "reason 0x84": bytes((0x20, 3, 0, 0x84, 0)),
    "closes": b"",
    "3.1.1 code 1": bytes((0x20, 2, 0, 1)),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
async def test_falls_back_to_3_1_1(
    mosquitto: Mosquitto,
    free_ports: Callable[[], int],
    refusal: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    port = free_ports()
    async with old_broker(port, mosquitto.port, refusal):
        opened = Opened(port, SystemClock())
        await wait_until(lambda: opened.links)
        assert opened.links[0].protocol == MQTTProtocolVersion.MQTTv311
        await opened.links[0].publish_acked("a", b"1", retain=True)
        await opened.close()
    assert mosquitto.retained() == {"a": "1"}
    assert "does not speak MQTT 5" in caplog.text


async def test_a_forced_version_is_kept(
    mosquitto: Mosquitto, free_ports: Callable[[], int]
) -> None:
    port = free_ports()
    async with old_broker(port, mosquitto.port, REFUSALS["reason 0x84"]):
        opened = Opened(port, FakeClock(), protocol=Protocol.V5)
        await wait_until(lambda: opened.reconnect.failure)
        assert opened.reconnect.failure == "the broker does not speak this MQTT version"
        assert not opened.links
        await opened.close()
