"""The bus: order, isolation, chains, filters."""

import asyncio
import logging

import pytest

from hub.errors import InvalidFormat
from hub.events import ALL, Context, Event, EventBus
from hub.events import bus as bus_module
from hub.util.json import loads
from hub.util.tasks import Tasks


def test_listeners_are_called_at_once_and_in_order() -> None:
    bus, seen = EventBus(), []
    bus.listen("x", lambda event: seen.append(("first", event.data)))
    bus.listen(ALL, lambda event: seen.append(("all", event.data)))
    bus.listen("x", lambda event: seen.append(("second", event.data)))
    bus.fire("x", {"a": 1})
    assert seen == [("first", {"a": 1}), ("second", {"a": 1}), ("all", {"a": 1})]


def test_unsubscribe_ends_delivery_and_may_be_called_twice() -> None:
    bus, seen = EventBus(), []
    unsubscribe = bus.listen("x", seen.append)
    bus.fire("x")
    unsubscribe()
    unsubscribe()
    bus.fire("x")
    assert len(seen) == 1
    assert bus.counts() == {}


def test_one_function_may_listen_twice_and_end_once() -> None:
    bus, seen = EventBus(), []
    first = bus.listen("x", seen.append)
    bus.listen("x", seen.append)
    bus.fire("x")
    assert len(seen) == 2
    first()
    bus.fire("x")
    assert len(seen) == 3


def test_a_failing_listener_is_logged_and_the_others_are_called(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus, seen = EventBus(), []

    def breaks(event: Event) -> None:
        raise RuntimeError("broken on purpose")

    bus.listen("x", breaks)
    bus.listen("x", seen.append)
    bus.listen("x", breaks)
    bus.listen("x", seen.append)
    with caplog.at_level(logging.ERROR):
        bus.fire("x")
    assert len(seen) == 2
    assert sum("breaks" in record.getMessage() for record in caplog.records) == 2


def test_events_fired_inside_a_listener_come_after_the_present_one() -> None:
    bus, seen = EventBus(), []

    def chain(event: Event) -> None:
        seen.append("chain")
        bus.fire("y")

    bus.listen("x", chain)
    bus.listen("x", lambda event: seen.append("x"))
    bus.listen("y", lambda event: seen.append("y"))
    bus.fire("x")
    assert seen == ["chain", "x", "y"]


def test_a_failing_listener_does_not_lose_the_chain() -> None:
    bus, seen = EventBus(), []

    def chain(event: Event) -> None:
        bus.fire("y")
        raise RuntimeError("broken on purpose")

    bus.listen("x", chain)
    bus.listen("y", seen.append)
    bus.fire("x")
    bus.fire("x")
    assert len(seen) == 2


def test_an_endless_chain_ends(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_module, "MAX_CHAIN", 50)
    bus, seen = EventBus(), []

    def again(event: Event) -> None:
        seen.append(event)
        bus.fire("x")

    bus.listen("x", again)
    bus.fire("x")
    assert len(seen) == 51
    assert "a loop" in caplog.text
    seen.clear()
    bus.listen_once("z", seen.append)
    bus.fire("z")
    assert len(seen) == 1


def test_filters_see_the_data_before_the_listener() -> None:
    bus, seen = EventBus(), []
    bus.listen("x", seen.append, filter=lambda data: data["n"] > 1)
    for number in range(4):
        bus.fire("x", {"n": number})
    assert [event.data["n"] for event in seen] == [2, 3]


def test_all_leaves_out_state_reported() -> None:
    bus, seen = EventBus(), []
    bus.listen(ALL, seen.append)
    bus.fire("state_reported")
    assert seen == []
    assert not bus.listened("state_reported")
    assert bus.listened("anything")


async def test_coroutine_listeners_run_in_the_task_group() -> None:
    tasks = Tasks()
    bus, done = EventBus(tasks), asyncio.Event()

    async def listener(event: Event) -> None:
        done.set()

    bus.listen("x", listener)
    bus.fire("x")
    async with asyncio.timeout(30):
        await done.wait()
    await tasks.close()


async def test_a_failing_coroutine_listener_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    tasks = Tasks()
    bus = EventBus(tasks)

    async def listener(event: Event) -> None:
        raise RuntimeError("broken on purpose")

    bus.listen("x", listener)
    bus.fire("x")
    while len(tasks):
        await asyncio.sleep(0)
    assert "listener" in caplog.text


def test_listen_once() -> None:
    bus, seen = EventBus(), []
    bus.listen_once("x", seen.append)
    bus.fire("x")
    bus.fire("x")
    assert len(seen) == 1


def test_a_long_name_is_refused() -> None:
    with pytest.raises(InvalidFormat, match="64"):
        EventBus().fire("x" * 65)


def test_the_cache_of_foreign_names_is_bounded() -> None:
    bus = EventBus()
    bus.listen("x", lambda event: None)
    for number in range(10_000):
        bus.fire(f"name_{number}")
    assert len(bus._targets) <= 4097


def test_event_json_is_the_wire_form() -> None:
    event = Event("x", {"a": 'q"'}, context=Context("u" * 32), time=1795235070.5)
    found = loads(event.json)
    assert list(found) == ["event_type", "data", "origin", "time_fired", "context"]
    assert found["time_fired"] == "2026-11-21T04:24:30.500000+00:00"
    assert found["data"] == {"a": 'q"'}
    assert found["origin"] == "LOCAL"
    assert found["context"] == {"id": event.context.id, "parent_id": None, "user_id": "u" * 32}
    assert event.json is event.json
