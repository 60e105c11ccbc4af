"""Conditions of every kind."""

from typing import Any

import pytest
import voluptuous as vol

from hub.automation import validation
from hub.automation.conditions.kind import ConditionError
from tests.hub.automation.conditions.conftest import Bench


def state(entity_id: Any = "light.hall", state: Any = "on", **more: Any) -> dict[str, Any]:
    return {"condition": "state", "entity_id": entity_id, "state": state, **more}


# --- state


async def test_a_state_and_its_trace(bench: Bench) -> None:
    bench.set("light.hall", "on")
    assert bench.check(state())
    compared = {"result": True, "state": "on", "wanted_state": "on"}
    assert bench.traced == {"condition/0": compared, "condition/0/entity_id/0": compared}
    assert not bench.check(state(state="off"))
    assert bench.traced["condition/0"] == {"result": False, "state": "on", "wanted_state": "off"}
    assert bench.check(state(state=["off", "on"]))


async def test_several_entities(bench: Bench) -> None:
    bench.set("light.a", "on")
    bench.set("light.b", "off")
    both = ["light.a", "light.b"]
    assert not bench.check(state(both))
    assert bench.traced["condition/0"] == {"result": False}
    assert bench.traced["condition/0/entity_id/1"]["state"] == "off"
    assert bench.check(state(both, match="any"))
    assert not bench.check(state(both, "dim", match="any"))
    assert bench.check(state("light.a, light.b", ["on", "off"]))


async def test_a_missing_entity_has_no_answer(bench: Bench) -> None:
    with pytest.raises(ConditionError) as caught:
        bench.check(state())
    assert caught.value.message == "In 'state' condition: unknown entity light.hall"
    assert bench.traced == {"condition/0": "In 'state' condition: unknown entity light.hall"}
    bench.set("light.a", "off")
    assert not bench.check(state(["light.hall", "light.a"])), "the other one decides"
    with pytest.raises(ConditionError):
        bench.check(state(["light.hall", "light.a"], "off"))


async def test_attributes(bench: Bench) -> None:
    bench.set("light.hall", "on", brightness=7, mode=None)
    assert bench.check(state(attribute="brightness", state=7))
    assert not bench.check(state(attribute="brightness", state="7"))
    assert bench.check(state(attribute="mode", state=None))
    assert not bench.check(state(attribute="colour", state=None))
    assert "colour" in bench.traced["condition/0"]["message"]


async def test_for_counts_from_the_last_change(bench: Bench) -> None:
    bench.set("light.hall", "on")
    lasting = state(**{"for": {"minutes": "{{ minutes }}"}})
    await bench.clock.advance(299)
    assert not bench.check(lasting, {"minutes": 5})
    assert bench.traced["condition/0"]["duration"] == 299
    await bench.clock.advance(1)
    bench.set("light.hall", "on", brightness=3)
    assert bench.check(lasting, {"minutes": 5})
    with pytest.raises(ConditionError, match="minutes"):
        bench.check(lasting, {"minutes": "many"})


async def test_helpers_as_values(bench: Bench) -> None:
    bench.set("sensor.season", "winter")
    bench.set("input_select.season", "winter")
    assert bench.check(state("sensor.season", "input_select.season"))
    bench.set("input_select.season", "summer")
    assert not bench.check(state("sensor.season", "input_select.season"))
    assert bench.traced["condition/0"]["wanted_state"] == "summer"
    with pytest.raises(ConditionError, match="the 'state' entity"):
        bench.check(state("sensor.season", "input_text.missing"))


# --- numeric_state


def numeric(**fields: Any) -> dict[str, Any]:
    return {"condition": "numeric_state", "entity_id": "sensor.t", **fields}


@pytest.mark.parametrize(
    ("value", "fields", "held"),
    [
        ("21", {"above": 20}, True),
        ("20", {"above": 20}, False),
        ("20", {"below": 20}, False),
        ("19.9", {"below": "20"}, True),
        ("15", {"above": 10, "below": 20}, True),
        ("unknown", {"below": 20}, False),
        ("unavailable", {"below": 20}, False),
        ("15", {"above": "input_number.ten"}, True),
        ("5", {"above": "input_number.ten"}, False),
        ("15", {"above": "sensor.unknown"}, False),
        ("1", {"above": 10, "value_template": "{{ state.state | int * factor }}"}, True),
        ("1", {"above": 10, "attribute": "level"}, True),
        ("1", {"above": 10, "attribute": "height"}, False),
    ],
)
async def test_numbers(bench: Bench, value: str, fields: dict[str, Any], held: bool) -> None:
    bench.set("sensor.t", value, level=11)
    bench.set("input_number.ten", "10")
    bench.set("sensor.unknown", "unknown")
    assert bench.check(numeric(**fields), {"factor": 11}) is held


async def test_what_is_compared_is_traced(bench: Bench) -> None:
    bench.set("sensor.t", "15")
    bench.check(numeric(above=10, below=12))
    assert bench.traced["condition/0/entity_id/0"] == {
        "result": False,
        "state": 15.0,
        "wanted_state_above": 10.0,
        "wanted_state_below": 12.0,
    }


@pytest.mark.parametrize(
    ("value", "fields", "words"),
    [
        ("warm", {"above": 1}, "sensor.t is no number: 'warm'"),
        ("1", {"above": "sensor.missing"}, "unknown 'above' entity sensor.missing"),
        ("1", {"above": "sensor.text"}, "sensor.text is no number"),
        ("1", {"above": 1, "value_template": "{{ nothing.at.all }}"}, "nothing"),
    ],
)
async def test_what_is_no_number(
    bench: Bench, value: str, fields: dict[str, Any], words: str
) -> None:
    bench.set("sensor.t", value)
    bench.set("sensor.text", "x")
    with pytest.raises(ConditionError, match=words):
        bench.check(numeric(**fields))


# --- time


@pytest.mark.parametrize(
    ("fields", "held"),
    [
        ({"after": "09:00"}, True),
        ({"after": "09:00:01"}, False),
        ({"before": "09:00"}, False),
        ({"before": "09:00:01"}, True),
        ({"after": "08:00", "before": "10:00"}, True),
        ({"after": "22:00", "before": "08:00"}, False),
        ({"after": "22:00", "before": "09:30"}, True),
        ({"after": "08:59", "before": "06:00"}, True),
        ({"weekday": "fri"}, True),
        ({"weekday": ["sat", "sun"]}, False),
        ({"after": "08:00", "weekday": ["thu", "fri"]}, True),
        ({"after": "input_datetime.wake"}, True),
        ({"before": "input_datetime.wake"}, False),
        ({"after": "sensor.bus"}, False),
        ({"before": "sensor.bus"}, True),
        ({"before": "sensor.not_known"}, False),
        ({"after": "input_datetime.day"}, True),
    ],
)
async def test_times(bench: Bench, fields: dict[str, Any], held: bool) -> None:
    """It is Friday, nine in the morning."""
    bench.set("input_datetime.wake", "07:30:00")
    bench.set("input_datetime.day", "2030-01-01")
    bench.set("sensor.bus", "2020-06-01T08:30:00+00:00", device_class="timestamp")  # 10:30
    bench.set("sensor.not_known", "unknown", device_class="timestamp")
    assert bench.check({"condition": "time", **fields}) is held


async def test_a_missing_time_is_named(bench: Bench) -> None:
    with pytest.raises(ConditionError, match="unknown 'after' entity"):
        bench.check({"condition": "time", "after": "input_datetime.wake"})


async def test_times_are_traced(bench: Bench) -> None:
    bench.check({"condition": "time", "after": "22:00", "weekday": "sat"})
    assert bench.traced["condition/0"] == {
        "result": False,
        "now_time": "09:00:00",
        "after": "22:00:00",
        "before": "23:59:59",
        "weekday": ["sat"],
        "now_weekday": "fri",
    }


# --- sun: it rose at 8:11, it sets at 16:23


@pytest.mark.parametrize(
    ("hours", "fields", "held"),
    [
        (0, {"after": "sunrise"}, True),
        (0, {"before": "sunrise"}, False),
        (0, {"after": "sunrise", "after_offset": "01:00:00"}, False),
        (0, {"before": "sunset", "before_offset": "-08:00"}, False),
        (0, {"after": "sunrise", "before": "sunset"}, True),
        (9, {"after": "sunrise", "before": "sunset"}, False),
        (0, {"after": "sunset", "before": "sunrise"}, False),
        (9, {"after": "sunset", "before": "sunrise"}, True),
        (18, {"after": "sunset", "before": "sunrise"}, True),
        (18, {"after": "sunset"}, False),
    ],
)
async def test_the_sun(bench: Bench, hours: int, fields: dict[str, Any], held: bool) -> None:
    bench.clock.jump(hours * 3600)
    assert bench.check({"condition": "sun", **fields}) is held
    assert {f"wanted_time_{name}" for name in ("after", "before") if name in fields} <= set(
        bench.traced["condition/0"]
    )


async def test_a_day_without_sunset(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.automation.sun.on_day", lambda *_: None)
    assert not bench.check({"condition": "sun", "after": "sunset"})
    assert bench.traced["condition/0"] == {"result": False, "message": "no sunset today"}


# --- template, trigger


async def test_templates(bench: Bench) -> None:
    bench.set("light.hall", "on")
    assert bench.check("{{ is_state('light.hall', wanted) }}", {"wanted": "on"})
    assert bench.traced == {"condition/0": {"result": True, "entities": ["light.hall"]}}
    for text, held in (("{{ 'yes' }}", True), ("{{ 0 }}", False), ("{{ 'maybe' }}", False)):
        assert bench.check({"condition": "template", "value_template": text}) is held
    with pytest.raises(ConditionError, match="In 'template' condition: "):
        bench.check("{{ 1 / 0 }}")


@pytest.mark.parametrize(
    ("wanted", "trigger", "held"),
    [
        ("wake", {"id": "wake"}, True),
        (["sleep", "wake"], {"id": "wake"}, True),
        (0, {"id": "0"}, True),
        ("wake", {"id": "0"}, False),
        ("wake", {"platform": None}, False),
        ("wake", None, False),
    ],
)
async def test_triggers(bench: Bench, wanted: Any, trigger: Any, held: bool) -> None:
    assert bench.check({"condition": "trigger", "id": wanted}, {"trigger": trigger}) is held
    assert not bench.check({"condition": "trigger", "id": wanted})


# --- device, resource


async def test_devices(bench: Bench) -> None:
    registry = bench.world.entity_registry
    box = bench.world.devices.get_or_create(platform="test", identifiers={("test", "box")}).id
    kinds = {
        "switch": None,
        "binary_sensor": "motion",
        "sensor": "temperature",
        "climate": None,
        "select": None,
    }
    for domain, device_class in kinds.items():
        registry.get_or_create(
            domain, "test", domain, suggested_object_id="box", device_id=box,
            original_device_class=device_class,
        )  # fmt: skip
    bench.set("switch.box", "on")
    bench.set("binary_sensor.box", "off")
    bench.set("sensor.box", "21")
    bench.set("climate.box", "heat", preset_mode="eco")
    bench.set("select.box", "winter")

    def ask(domain: str, type_: str, **more: Any) -> bool:
        given = {"condition": "device", "device_id": box, "domain": domain, "type": type_}
        return bench.check({**given, **more})

    assert ask("switch", "is_on")
    assert bench.traced["condition/0/entity_id/0"]["state"] == "on"
    assert not ask("switch", "is_off", entity_id="switch.box")
    assert ask("binary_sensor", "is_no_motion")
    assert not ask("binary_sensor", "is_motion")
    assert ask("sensor", "is_temperature", above=20)
    assert not ask("sensor", "is_value", below=20)
    assert ask("climate", "is_hvac_mode", hvac_mode="heat")
    assert ask("climate", "is_preset_mode", preset_mode="eco")
    assert ask("select", "selected_option", option="winter")
    with pytest.raises(ConditionError, match=f"device {box} has no light"):
        ask("light", "is_on")
    for domain, type_ in (("switch", "is_open"), ("climate", "is_hvac_mode"), ("lock", "is_x")):
        with pytest.raises(vol.Invalid):
            ask(domain, type_)


async def test_resources(bench: Bench) -> None:
    bench.world.resources.give("proxy.host/blog", {"phase": "drifted"})
    bench.world.resources.give("proxy.host/shop", {"phase": "in_sync"})
    about = {"condition": "resource", "type": "proxy.host"}
    assert bench.check({**about, "key": "blog", "phase": ["failed", "drifted"], "drift": True})
    assert bench.traced["condition/0/key/0"] == {"result": True, "phase": "drifted", "drift": True}
    assert not bench.check({**about, "key": "blog", "drift": False})
    assert not bench.check({**about, "key": ["shop", "blog"], "phase": "in_sync"})
    with pytest.raises(ConditionError, match="unknown resource"):
        bench.check({**about, "key": "lost", "phase": "in_sync"})
    bench.world.resources = None  # type: ignore[assignment]
    with pytest.raises(ConditionError, match="unknown resource"):
        bench.check({**about, "key": "blog", "drift": True})


# --- groups


async def test_groups_and_their_paths(bench: Bench) -> None:
    bench.set("light.hall", "on")
    on, off = state(), state(state="off")
    assert bench.check({"and": [on, {"or": [off, on]}, {"not": [off]}]})
    assert list(bench.traced) == [
        "condition/0/conditions/0",
        "condition/0/conditions/0/entity_id/0",
        "condition/0/conditions/1",
        "condition/0/conditions/1/conditions/0",
        "condition/0/conditions/1/conditions/0/entity_id/0",
        "condition/0/conditions/1/conditions/1",
        "condition/0/conditions/1/conditions/1/entity_id/0",
        "condition/0/conditions/2",
        "condition/0/conditions/2/conditions/0",
        "condition/0/conditions/2/conditions/0/entity_id/0",
        "condition/0",
    ]
    assert bench.traced["condition/0/conditions/1"] == {"result": True}
    assert not bench.check({"condition": "and", "conditions": [on, off]})
    assert not bench.check({"condition": "or", "conditions": [off]})
    assert not bench.check({"condition": "not", "conditions": [off, on]})
    assert bench.check({"and": []})
    assert not bench.check({"or": []})
    assert bench.check({"not": []})


async def test_a_part_without_an_answer(bench: Bench) -> None:
    bench.set("light.hall", "on")
    on, off, lost = state(), state(state="off"), state("light.lost")
    assert not bench.check({"and": [lost, off]})
    assert bench.check({"or": [lost, on]})
    assert not bench.check({"not": [lost, on]})
    for name, rest in (("and", on), ("or", off), ("not", off)):
        with pytest.raises(ConditionError) as caught:
            bench.check({name: [rest, lost]})
        assert caught.value.message == (
            f"In '{name}' condition, item 2 of 2: In 'state' condition: unknown entity light.lost"
        )


async def test_conditions_that_are_switched_off_do_not_count(bench: Bench) -> None:
    bench.set("light.hall", "on")
    off = state(state="off", enabled=False)
    assert bench.check(off)
    assert bench.traced == {"condition/0": {"enabled": False}}
    assert bench.check({"and": [off, state()]})
    assert not bench.check({"or": [off]})
    assert bench.check({"not": [{**state(), "enabled": "{{ 1 == 2 }}"}]})
    assert bench.traced["condition/0/conditions/0"] == {"enabled": False}


# --- mistakes


@pytest.mark.parametrize(
    ("condition", "path", "words"),
    [
        (state(state=True), ["state"], '"on"'),
        (state(match="some"), ["match"], "all or any"),
        ({"condition": "state", "entity_id": "light.a"}, ["state"], "missing"),
        (numeric(), [], "above or below"),
        (numeric(above="light.a"), ["above"], "input_number"),
        ({"condition": "time"}, [], "at least one"),
        ({"condition": "time", "after": 27000}, ["after"], "in quotes"),
        ({"condition": "time", "weekday": "friday"}, ["weekday", 0], "mon, tue"),
        ({"condition": "sun"}, [], "at least one"),
        ({"condition": "sun", "after": "noon"}, ["after"], "sunrise or sunset"),
        ({"condition": "trigger"}, ["id"], "missing"),
        ({"condition": "trigger", "id": True}, ["id", 0], "id of a trigger"),
        ({"condition": "zone", "entity_id": "person.a"}, ["condition"], "not supported"),
        ({"condition": "resource", "type": "a.b", "key": "x"}, [], "phase or drift"),
        ({"and": [state(match="some")]}, ["and", 0, "match"], "all or any"),
        ({"condition": "nope"}, ["condition"], "unknown condition"),
    ],
)
def test_mistakes_are_told_with_their_place(
    condition: dict[str, Any], path: list[Any], words: str
) -> None:
    with pytest.raises(vol.Invalid) as caught:
        validation.condition(condition)
    (error,) = getattr(caught.value, "errors", [caught.value])
    assert error.path == path
    assert words in error.msg
