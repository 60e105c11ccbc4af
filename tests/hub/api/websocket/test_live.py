"""Changes that wait behind a reading: what was read is left out, what is too much is conflated."""

from types import SimpleNamespace
from typing import Any

import pytest

from hub.api.websocket.live import GROUP_SECONDS, MOST_WAITING, LiveChanges
from hub.events import EventBus
from hub.states import StateMachine
from hub.util.clock import FakeClock
from hub.util.tasks import Tasks


@pytest.fixture
def hub() -> Any:
    clock = FakeClock()
    bus = EventBus(Tasks())
    return SimpleNamespace(clock=clock, bus=bus, states=StateMachine(bus, clock.time))


def told(live: LiveChanges) -> dict[str, list[str | None]]:
    return {
        entity_id: [None if event.new is None else event.new.state for event in events]
        for entity_id, events in live.take().items()
    }


async def test_what_was_read_is_left_out(hub: Any) -> None:
    ready: list[int] = []
    live = LiveChanges(hub, {"sensor.a", "sensor.b"}, lambda: ready.append(1))
    micro = round(hub.clock.time() * 1e6)
    for state in ("1", "2", "3"):
        hub.states.set("sensor.a", state)
    hub.states.set("sensor.b", "x")
    hub.states.set("sensor.c", "y")
    live.read("sensor.a", micro + 1, "2")
    live.read("sensor.b", micro - 5, "x")
    assert ready == []
    live.open()
    await hub.clock.advance(GROUP_SECONDS)
    assert ready == [1]
    assert told(live) == {"sensor.a": ["3"], "sensor.b": ["x"]}


async def test_changes_leave_together_and_none_after_the_end(hub: Any) -> None:
    ready: list[float] = []
    live = LiveChanges(hub, {"sensor.a"}, lambda: ready.append(hub.clock.time()))
    live.open()
    begin = hub.clock.time()
    hub.states.set("sensor.a", "1")
    await hub.clock.advance(0.2)
    hub.states.set("sensor.a", "2")
    await hub.clock.advance(1)
    assert ready == [pytest.approx(begin + GROUP_SECONDS)]
    assert told(live) == {"sensor.a": ["1", "2"]}
    hub.states.set("sensor.a", "3")
    live.stop()
    hub.states.set("sensor.a", "4")
    await hub.clock.advance(1)
    assert len(ready) == 1
    assert told(live) == {}


async def test_too_much_is_conflated_and_counted(hub: Any) -> None:
    live = LiveChanges(hub, {"sensor.a", "sensor.b"}, lambda: None)
    hub.states.set("sensor.b", "only")
    for number in range(MOST_WAITING * 3):
        hub.states.set("sensor.a", str(number))
    taken = told(live)
    assert taken["sensor.b"] == ["only"]
    assert taken["sensor.a"][-1] == str(MOST_WAITING * 3 - 1)
    assert len(taken["sensor.a"]) <= MOST_WAITING + 1
    assert live.left_out + len(taken["sensor.a"]) == MOST_WAITING * 3
