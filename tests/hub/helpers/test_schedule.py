"""Schedules in a running hub: states, attributes, clocks that are set."""

from typing import Any

from tests.hub.helpers.conftest import MONDAY, Lab

HEATING = "schedule.heating"
BLOCKS: dict[str, Any] = {
    "monday": [
        {"from": "06:00", "to": "08:30", "data": {"temperature": 21.5}},
        {"from": "16:00:00", "to": "24:00:00"},
    ]
}


async def test_a_day(lab: Lab) -> None:
    """The lab begins on Monday at 01:00 in Berlin."""
    state = await lab.put("schedule", "heating", name="Heating", **BLOCKS)
    assert state.state == "off"
    assert dict(state.attributes) == {
        "editable": True,
        "friendly_name": "Heating",
        "next_event": "2026-11-30T06:00:00+01:00",
    }
    await lab.clock.advance(5 * 3600)
    state = lab.state(HEATING)
    assert (state.state, state.attributes["temperature"]) == ("on", 21.5)
    assert state.attributes["next_event"] == "2026-11-30T08:30:00+01:00"
    await lab.clock.advance(2.5 * 3600)
    state = lab.state(HEATING)
    assert (state.state, "temperature" in state.attributes) == ("off", False)
    await lab.clock.advance(7.5 * 3600)
    assert lab.state(HEATING).state == "on"
    await lab.clock.advance(8 * 3600)
    assert lab.state(HEATING).state == "off"


async def test_a_clock_that_is_set_is_noticed_within_a_minute(lab: Lab) -> None:
    await lab.put("schedule", "heating", **BLOCKS)
    lab.clock.jump(5.5 * 3600)
    await lab.clock.advance(60)
    assert lab.state(HEATING).state == "on"
    lab.clock.jump(-5.5 * 3600)
    await lab.clock.advance(60)
    assert lab.state(HEATING).state == "off"


async def test_the_night_when_clocks_are_put_back(lab: Lab) -> None:
    lab.clock.jump(1_792_879_200.0 - MONDAY)  # 2026-10-25 00:00 in Berlin
    await lab.put("schedule", "heating", sunday=[{"from": "02:15", "to": "02:45"}])
    seen = []
    for _ in range(5):
        await lab.clock.advance(1800)
        seen.append(lab.state(HEATING).state)
    await lab.clock.advance(120)
    assert seen[:4] == ["off", "off", "off", "off"]
    assert seen[4] == "on"  # 02:30 for the first time


async def test_an_edit_counts_at_once(lab: Lab) -> None:
    await lab.put("schedule", "heating", **BLOCKS)
    state = await lab.put("schedule", "heating", monday=[{"from": "00:30", "to": "02:00"}])
    assert (state.state, state.attributes["next_event"]) == ("on", "2026-11-30T02:00:00+01:00")
    await lab.hub.resources.delete("hub.schedule", "heating")
    await lab.hub.helpers.settle()
    await lab.clock.advance(86400)
    assert lab.hub.states.get(HEATING) is None


async def test_get_schedule(lab: Lab) -> None:
    await lab.put("schedule", "heating", **BLOCKS)
    answer = await lab.hub.services.call(
        "schedule", "get_schedule", {}, {"entity_id": HEATING}, return_response=True
    )
    assert answer is not None
    assert answer[HEATING]["monday"] == [
        {"from": "06:00:00", "to": "08:30:00", "data": {"temperature": 21.5}},
        {"from": "16:00:00", "to": "24:00:00"},
    ]
    assert answer[HEATING]["sunday"] == []
