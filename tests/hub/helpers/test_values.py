"""Helpers that hold a value: every service, every limit, edits that keep or move the value."""

import contextlib

import pytest

from hub.errors import HubError, InvalidFormat, ServiceValidationError
from hub.resources import InvalidSpec
from tests.hub.helpers.conftest import Lab


async def test_input_boolean(lab: Lab) -> None:
    state = await lab.put("input_boolean", "guests", name="Guests", icon="mdi:account")
    assert state.state == "off"
    assert dict(state.attributes) == {
        "editable": True,
        "friendly_name": "Guests",
        "icon": "mdi:account",
    }
    guests = "input_boolean.guests"
    assert (await lab.call("input_boolean.turn_on", guests)).state == "on"
    assert (await lab.call("input_boolean.toggle", guests)).state == "off"
    assert (await lab.call("homeassistant.turn_on", guests)).state == "on"
    state = await lab.put("input_boolean", "guests", name="Visitors")
    assert (state.state, state.attributes["friendly_name"]) == ("on", "Visitors")
    entry = lab.hub.entity_registry.get(guests)
    assert entry is not None
    assert (entry.platform, entry.unique_id) == ("input_boolean", "guests")
    assert entry.original_name == "Visitors"
    await lab.hub.resources.delete("hub.input_boolean", "guests")
    await lab.hub.helpers.settle()
    assert lab.hub.states.get(guests) is None
    assert lab.hub.entity_registry.get(guests) is None


async def test_without_a_name_the_key_is_one(lab: Lab) -> None:
    state = await lab.put("input_boolean", "quiet_hours")
    assert state.attributes["friendly_name"] == "quiet hours"


async def test_input_number(lab: Lab) -> None:
    state = await lab.put(
        "input_number", "flow", min=20, max=55, step=0.1, unit_of_measurement="°C", mode="box"
    )
    assert state.state == "20.0"
    assert dict(state.attributes) == {
        "editable": True,
        "friendly_name": "flow",
        "initial": None,
        "min": 20.0,
        "max": 55.0,
        "step": 0.1,
        "mode": "box",
        "unit_of_measurement": "°C",
    }
    flow = "input_number.flow"
    assert (await lab.call("input_number.set_value", flow, value="35.2")).state == "35.2"
    assert (await lab.call("input_number.increment", flow)).state == "35.3"
    assert (await lab.call("input_number.decrement", flow)).state == "35.2"
    with pytest.raises(ServiceValidationError, match=r"value .*55\.1 \(range 20\.0 - 55\.0\)"):
        await lab.call("input_number.set_value", flow, value=55.1)
    for wrong in (None, "warm", True, float("inf")):
        with pytest.raises(InvalidFormat, match="value"):
            await lab.call("input_number.set_value", flow, value=wrong)
    await lab.call("input_number.set_value", flow, value=55)
    assert (await lab.call("input_number.increment", flow)).state == "55.0"
    state = await lab.put("input_number", "flow", min=20, max=60)
    assert state.state == "55.0"
    assert (await lab.put("input_number", "flow", min=20, max=40)).state == "40.0"


async def test_input_select(lab: Lab) -> None:
    state = await lab.put("input_select", "mode", options=["away", "home", "party"])
    assert (state.state, state.attributes["options"]) == ("away", ["away", "home", "party"])
    mode = "input_select.mode"
    assert (await lab.call("input_select.select_option", mode, option="home")).state == "home"
    assert (await lab.call("input_select.select_next", mode)).state == "party"
    assert (await lab.call("input_select.select_next", mode, cycle=False)).state == "party"
    assert (await lab.call("input_select.select_next", mode)).state == "away"
    assert (await lab.call("input_select.select_previous", mode)).state == "party"
    assert (await lab.call("input_select.select_first", mode)).state == "away"
    assert (await lab.call("input_select.select_last", mode)).state == "party"
    with pytest.raises(ServiceValidationError, match="choices: away, home, party"):
        await lab.call("input_select.select_option", mode, option="zoo")
    state = await lab.call("input_select.set_options", mode, options=["party", "quiet"])
    assert (state.state, state.attributes["options"]) == ("party", ["party", "quiet"])
    assert (await lab.call("input_select.set_options", mode, options=["quiet"])).state == "quiet"
    for wrong in ([], ["a", "a"], "a", [True], [["a"]]):
        with pytest.raises(InvalidFormat, match="options"):
            await lab.call("input_select.set_options", mode, options=wrong)
    assert (await lab.put("input_select", "mode", options=["on duty", "quiet"])).state == "quiet"
    assert (await lab.put("input_select", "mode", options=["on duty"])).state == "on duty"


async def test_input_text(lab: Lab) -> None:
    state = await lab.put("input_text", "code", min=2, max=6, pattern="[a-z]+[0-9]*")
    assert state.state == "unknown"
    assert {name: state.attributes[name] for name in ("min", "max", "pattern", "mode")} == {
        "min": 2,
        "max": 6,
        "pattern": "[a-z]+[0-9]*",
        "mode": "text",
    }
    code = "input_text.code"
    assert (await lab.call("input_text.set_value", code, value="ab12")).state == "ab12"
    for wrong, why in (("a", "1 characters"), ("abcdefg", "7 char"), ("12ab", "pattern")):
        with pytest.raises(ServiceValidationError, match=why):
            await lab.call("input_text.set_value", code, value=wrong)
    assert (await lab.put("input_text", "code", max=10)).state == "ab12"
    assert (await lab.put("input_text", "code", min=5, max=10)).state == "unknown"


async def test_a_pattern_that_takes_for_ever_is_ended(lab: Lab) -> None:
    await lab.put("input_text", "code", max=255, pattern="(a|a)*b")
    with pytest.raises(ServiceValidationError, match=r"takes too long|does not fit"):
        await lab.call("input_text.set_value", "input_text.code", value="a" * 200)


async def test_input_datetime(lab: Lab) -> None:
    state = await lab.put("input_datetime", "wake", has_date=True, has_time=True)
    wake = "input_datetime.wake"
    assert state.state == "2026-11-30 00:00:00"
    state = await lab.call("input_datetime.set_datetime", wake, date="2026-12-24", time="06:30:15")
    assert state.state == "2026-12-24 06:30:15"
    attributes = dict(state.attributes)
    assert {name: attributes[name] for name in ("year", "month", "day")} == {
        "year": 2026,
        "month": 12,
        "day": 24,
    }
    assert (attributes["hour"], attributes["minute"], attributes["second"]) == (6, 30, 15)
    assert attributes["timestamp"] == 1_798_090_215.0
    state = await lab.call("input_datetime.set_datetime", wake, time="07:00")
    assert state.state == "2026-12-24 07:00:00"
    state = await lab.call("input_datetime.set_datetime", wake, datetime="2027-01-01T00:00:00Z")
    assert state.state == "2027-01-01 01:00:00"
    state = await lab.call("input_datetime.set_datetime", wake, timestamp=1_798_090_215)
    assert state.state == "2026-12-24 06:30:15"
    for wrong in (
        {},
        {"date": "24.12."},
        {"time": "25:00"},
        {"date": "2026-01-01", "timestamp": 1},
    ):
        with pytest.raises(InvalidFormat):
            await lab.call("input_datetime.set_datetime", wake, **wrong)


async def test_input_datetime_with_one_part(lab: Lab) -> None:
    state = await lab.put("input_datetime", "alarm", has_time=True, initial="06:00")
    assert (state.state, state.attributes["timestamp"]) == ("06:00:00", 21600)
    with pytest.raises(ServiceValidationError, match="it has no date"):
        await lab.call("input_datetime.set_datetime", "input_datetime.alarm", date="2026-01-01")
    state = await lab.call(
        "input_datetime.set_datetime", "input_datetime.alarm", datetime="2026-01-01 05:15:00"
    )
    assert state.state == "05:15:00"
    state = await lab.put("input_datetime", "day", has_date=True, initial="2026-02-28")
    assert state.state == "2026-02-28"
    assert "hour" not in state.attributes


async def test_input_button(lab: Lab) -> None:
    state = await lab.put("input_button", "bell", name="Bell")
    assert state.state == "unknown"
    state = await lab.call("input_button.press", "input_button.bell")
    assert state.state == "2026-11-30T00:00:00+00:00"


async def test_counter(lab: Lab) -> None:
    state = await lab.put("counter", "starts", initial=3, step=2, minimum=0, maximum=8)
    assert (state.state, state.attributes["maximum"]) == ("3", 8)
    starts = "counter.starts"
    assert (await lab.call("counter.increment", starts)).state == "5"
    assert (await lab.call("counter.decrement", starts)).state == "3"
    await lab.call("counter.set_value", starts, value=7)
    assert (await lab.call("counter.increment", starts)).state == "8"
    assert (await lab.call("counter.reset", starts)).state == "3"
    with pytest.raises(ServiceValidationError, match=r"9 \(range 0 - 8\)"):
        await lab.call("counter.set_value", starts, value=9)
    for wrong in (1.5, "2", True, 2**60):
        with pytest.raises(InvalidFormat, match="value"):
            await lab.call("counter.set_value", starts, value=wrong)
    await lab.call("counter.set_value", starts, value=8)
    assert (await lab.put("counter", "starts", maximum=5)).state == "5"
    assert "minimum" not in lab.state(starts).attributes


WRONG = [
    ("input_boolean", {"initial": "maybe"}, "initial"),
    ("input_boolean", {"colour": 1}, "colour"),
    ("input_boolean", {"icon": "lamp"}, "icon"),
    ("input_number", {"min": 0}, "max"),
    ("input_number", {"min": 5, "max": 5}, "max"),
    ("input_number", {"min": 0, "max": 5, "initial": 6}, "initial"),
    ("input_number", {"min": 0, "max": 5, "step": 0}, "step"),
    ("input_number", {"min": 0, "max": 5, "mode": "wheel"}, "mode"),
    ("input_select", {"options": []}, "options"),
    ("input_select", {"options": ["a", "b", "a"]}, "options.2"),
    ("input_select", {"options": ["a", True]}, "options.1"),
    ("input_select", {"options": ["a"], "initial": "b"}, "initial"),
    ("input_text", {"min": 10, "max": 5}, "max"),
    ("input_text", {"max": 256}, "max"),
    ("input_text", {"pattern": "("}, "pattern"),
    ("input_text", {"pattern": "[a-z]*", "initial": "1"}, "initial"),
    ("input_datetime", {}, "has_date"),
    ("input_datetime", {"has_time": True, "initial": "2026-01-01"}, "initial"),
    ("input_datetime", {"has_date": True, "initial": 5}, "initial"),
    ("counter", {"minimum": 5, "maximum": 1}, "maximum"),
    ("counter", {"initial": 1, "minimum": 5}, "initial"),
    ("counter", {"step": 0}, "step"),
    ("timer", {"duration": "soon"}, "duration"),
    ("timer", {"duration": {"weeks": 1}}, "duration.weeks"),
    ("timer", {"duration": -5}, "duration"),
    ("schedule", {"monday": [{"from": "8:00"}]}, "monday.0.to"),
    ("schedule", {"monday": [{"from": "08:00", "to": "07:00"}]}, "monday.0.to"),
    ("schedule", {"monday": [{"from": 480, "to": "07:00"}]}, "monday.0.from"),
    (
        "schedule",
        {"friday": [{"from": "08:00", "to": "10:00"}, {"from": "09:00", "to": "11:00"}]},
        "friday.1.from",
    ),
    (
        "schedule",
        {"friday": [{"from": "08:00", "to": "10:00", "data": {"next_event": 1}}]},
        "friday.0.data.next_event",
    ),
]


@pytest.mark.parametrize(
    ("domain", "spec", "path"),
    WRONG,
    ids=[f"{one[0]}-{number}" for number, one in enumerate(WRONG)],
)
async def test_a_mistake_is_told_with_its_path(
    domain: str, spec: dict[str, object], path: str
) -> None:
    from hub.resources.catalogue import Catalogue
    from hub.resources.specs import normal

    with pytest.raises(InvalidSpec) as raised:
        normal(Catalogue(), f"hub.{domain}", "x", spec)
    assert [problem["path"] for problem in raised.value.problems] == [path]


async def test_specs_are_kept_as_they_were_written(lab: Lab) -> None:
    spec = {"duration": {"minutes": 5}, "name": "Egg"}
    await lab.put("timer", "egg", **spec)
    assert lab.hub.resources.get("hub.timer", "egg").spec == spec
    assert lab.state("timer.egg").attributes["duration"] == "0:05:00"


async def test_a_disabled_helper_is_out_of_the_house(lab: Lab) -> None:
    await lab.put("counter", "starts")
    await lab.call("counter.increment", "counter.starts")
    lab.hub.entity_registry.update("counter.starts", disabled_by="user")
    await lab.clock.advance(0)
    assert lab.hub.states.get("counter.starts") is None
    await lab.hub.resources.put("hub.counter", "starts", {"step": 5})
    await lab.hub.helpers.settle()
    assert lab.hub.states.get("counter.starts") is None
    lab.hub.entity_registry.update("counter.starts", disabled_by=None)
    await lab.clock.advance(0)
    assert lab.state("counter.starts").state == "1"
    assert (await lab.call("counter.increment", "counter.starts")).state == "6"


JUNK = [
    None,
    True,
    -1,
    1e308,
    "",
    "x" * 400,
    "\x00",
    [],
    {},
    "0001-01-01",
    "9999-12-31T23:59:59-14:00",
    "1000-01-01T00:00:00+14:00",
    "24:00:00",
    "-9:99",
]


async def test_no_junk_makes_a_defect(lab: Lab) -> None:
    """Whatever a service is given, it is set or refused in words, and the helper lives on."""
    for domain, spec in MINIMAL.items():
        await lab.put(domain, "x", **spec)
        entity = lab.hub.entities.get(f"{domain}.x")
        assert entity is not None
        for service in entity.SERVICES:
            for field in service.fields:
                for value in JUNK:
                    with contextlib.suppress(HubError):
                        await lab.call(f"{domain}.{service.name}", f"{domain}.x", **{field: value})
                    assert len(lab.state(f"{domain}.x").state) <= 255


MINIMAL: dict[str, dict[str, object]] = {
    "input_number": {"min": -5, "max": 1e9},
    "input_select": {"options": ["a"]},
    "input_text": {"max": 255},
    "input_datetime": {"has_date": True, "has_time": True},
    "counter": {},
    "timer": {"duration": 5},
}
