"""Newest wins, nothing is lost, everything is bounded."""

import asyncio
import signal

from hub.config.settings import BrokerSettings
from hub.mqtt.errors import LinkError
from hub.mqtt.link import Link
from hub.mqtt.outbox import Outbox
from tests.peers.mosquitto import Mosquitto
from tests.peers.ports import wait_until


def link_to(broker: Mosquitto, lost: list[LinkError] | None = None, window: int = 1000) -> Link:
    on_lost = None if lost is None else lost.append
    return Link(BrokerSettings("127.0.0.1", broker.port), "o", on_lost=on_lost, window=window)


async def test_conflates_while_there_is_no_link(mosquitto: Mosquitto) -> None:
    outbox = Outbox()
    for number in range(1000):
        outbox.post(f"t/{number % 10}", str(number).encode())
    assert len(outbox) == 10
    assert outbox.conflated == 990
    link = link_to(mosquitto)
    await link.open()
    outbox.open(link)
    await outbox.drained()
    assert outbox.acknowledged == 10
    assert mosquitto.retained() == {f"t/{n}": str(990 + n) for n in range(10)}
    await link.close()


async def test_conflates_while_the_window_is_full(mosquitto: Mosquitto) -> None:
    link = link_to(mosquitto, window=4)
    await link.open()
    outbox = Outbox()
    outbox.open(link)
    for number in range(2000):
        outbox.post(f"t/{number % 5}", str(number).encode())
        if number % 20 == 0:
            await asyncio.sleep(0)
    await outbox.drained()
    assert outbox.conflated > 0
    assert outbox.conflated + outbox.acknowledged == 2000
    assert mosquitto.retained() == {f"t/{n}": str(1995 + n) for n in range(5)}
    await link.close()


async def test_bounded() -> None:
    outbox = Outbox(limit=100)
    for number in range(250):
        outbox.post(f"t/{number}", b"x")
    assert len(outbox) == 100
    assert outbox.dropped == 150


async def test_unacknowledged_messages_go_out_with_the_next_link(mosquitto: Mosquitto) -> None:
    lost: list[LinkError] = []
    link = link_to(mosquitto, lost)
    await link.open()
    outbox = Outbox()
    outbox.open(link)
    outbox.post("a", b"old")
    outbox.post("b", b"kept")
    await asyncio.sleep(0)
    mosquitto.stop(signal.SIGKILL)
    await wait_until(lambda: lost)
    outbox.lost()
    outbox.post("a", b"new")
    mosquitto.start()
    link = link_to(mosquitto)
    await link.open()
    outbox.open(link)
    await outbox.drained()
    found = mosquitto.retained()
    assert found["a"] == "new"
    assert found.get("b", "kept") == "kept"
    await link.close()


async def test_order_of_last(mosquitto: Mosquitto) -> None:
    outbox = Outbox()
    outbox.post("availability", b"offline", last=True)
    outbox.post("state", b"21")
    outbox.post("availability", b"online", last=True)
    assert list(outbox._waiting) == ["state", "availability"]


async def test_a_cleared_topic_is_withdrawn(mosquitto: Mosquitto) -> None:
    outbox = Outbox()
    outbox.post("a", b"1")
    outbox.forget("a")
    assert len(outbox) == 0
