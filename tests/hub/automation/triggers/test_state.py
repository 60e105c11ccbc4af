"""Triggers of the kind `state`."""

from datetime import timedelta
from typing import Any

import pytest
import voluptuous as vol

from hub.automation import validation
from hub.events import Context
from tests.hub.automation.triggers.conftest import Bench


def state(**fields: Any) -> dict[str, Any]:
    return {"trigger": "state", "entity_id": "light.hall", **fields}


def pairs(bench: Bench) -> list[tuple[Any, Any]]:
    """Return the values before and after of what fired since the last look."""
    return [
        (
            None if it["from_state"] is None else it["from_state"].state,
            None if it["to_state"] is None else it["to_state"].state,
        )
        for it in bench.take()
    ]


async def test_variables_are_those_of_home_assistant(bench: Bench) -> None:
    bench.states.set("light.hall", "off")
    bench.attach(state(to="on", id="mine", alias="Mine"))
    cause = Context("anna")
    bench.states.set("light.hall", "on", {}, cause)
    (fired,) = bench.take()
    assert fired["from_state"].state == "off"
    assert fired["to_state"] is bench.states.get("light.hall")
    assert bench.causes == [cause]
    del fired["from_state"], fired["to_state"]
    assert fired == {
        "id": "mine",
        "idx": "0",
        "alias": "Mine",
        "platform": "state",
        "entity_id": "light.hall",
        "for": None,
        "attribute": None,
        "description": "state of light.hall",
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [("off", "on"), ("on", "on"), ("on", "unavailable"), ("unavailable", "off")]),
        ({"to": None}, [("off", "on"), ("on", "unavailable"), ("unavailable", "off")]),
        ({"from": None}, [("off", "on"), ("on", "unavailable"), ("unavailable", "off")]),
        ({"to": "on"}, [("off", "on")]),
        ({"from": "on"}, [("on", "unavailable")]),
        ({"from": "off", "to": "on"}, [("off", "on")]),
        ({"from": "unavailable", "to": "on"}, []),
        ({"to": ["on", "off"]}, [("off", "on"), ("unavailable", "off")]),
        ({"not_to": ["unavailable"]}, [("off", "on"), ("unavailable", "off")]),
        ({"not_from": "unavailable", "to": None}, [("off", "on"), ("on", "unavailable")]),
        ({"not_from": ["unavailable", "unknown"], "not_to": "unavailable"}, [("off", "on")]),
    ],
)
async def test_which_changes_fire(
    bench: Bench, fields: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    await bench.set("light.hall", "off")
    bench.attach(state(**fields))
    await bench.set("light.hall", "on")
    await bench.set("light.hall", "on", brightness=7)
    await bench.set("light.hall", "unavailable")
    await bench.set("light.hall", "off")
    assert pairs(bench) == expected


async def test_coming_and_going_count_as_changes(bench: Bench) -> None:
    bench.attach(state())
    bench.attach(state(to="on"))
    await bench.set("light.hall", "on")
    assert pairs(bench) == [(None, "on"), (None, "on")]
    bench.states.remove("light.hall")
    assert pairs(bench) == [("on", None)]


async def test_attributes_are_compared_with_their_types(bench: Bench) -> None:
    await bench.set("climate.living", "heat", temperature=20, preset="eco")
    bench.attach(
        state(entity_id="climate.living", attribute="temperature"),
        state(entity_id="climate.living", attribute="temperature", to=21),
        state(entity_id="climate.living", attribute="preset", to=[None, "away"]),
    )
    await bench.set("climate.living", "cool", temperature=20, preset="eco")
    assert bench.take() == []
    await bench.set("climate.living", "cool", temperature=21, preset="eco")
    assert [it["idx"] for it in bench.take()] == ["0", "1"]
    await bench.set("climate.living", "cool", temperature=21)
    (fired,) = bench.take()
    assert (fired["idx"], fired["attribute"]) == ("2", "preset")


async def test_for_waits_and_is_given_up_when_the_value_changes_back(bench: Bench) -> None:
    await bench.set("light.hall", "off")
    bench.attach(state(to="on", **{"for": "00:05:00"}))
    await bench.set("light.hall", "on")
    await bench.clock.advance(299)
    await bench.set("light.hall", "on", brightness=7)  # no new beginning
    assert bench.take() == []
    await bench.clock.advance(1)
    (fired,) = bench.take()
    assert fired["for"] == timedelta(minutes=5)
    assert fired["to_state"].attributes == {}
    await bench.set("light.hall", "off")
    await bench.set("light.hall", "on")
    await bench.clock.advance(200)
    await bench.set("light.hall", "off")
    await bench.set("light.hall", "on")
    await bench.clock.advance(200)
    assert bench.take() == []
    await bench.clock.advance(100)
    assert len(bench.take()) == 1


async def test_for_waits_with_each_entity_on_its_own(bench: Bench) -> None:
    bench.attach(state(entity_id=["light.a", "light.b"], to="on", **{"for": 60}))
    await bench.set("light.a", "on")
    await bench.clock.advance(30)
    await bench.set("light.b", "on")
    await bench.set("light.a", "off")
    await bench.clock.advance(120)
    assert [it["entity_id"] for it in bench.take()] == ["light.b"]


async def test_for_after_leaving_goes_on_through_other_values(bench: Bench) -> None:
    await bench.set("light.hall", "on")
    bench.attach(state(**{"from": "on", "for": 60}))
    await bench.set("light.hall", "off")
    await bench.clock.advance(30)
    await bench.set("light.hall", "unavailable")
    await bench.clock.advance(30)
    assert pairs(bench) == [("on", "off")]
    await bench.set("light.hall", "on")
    await bench.set("light.hall", "off")
    await bench.set("light.hall", "on")
    await bench.clock.advance(300)
    assert bench.take() == []


async def test_for_may_be_a_template(bench: Bench) -> None:
    await bench.set("input_number.wait", "2")
    bench.attach(
        state(to="on", **{"for": {"minutes": "{{ states('input_number.wait') | int * factor }}"}}),
        state(to="on", **{"for": "{{ trigger.to_state.attributes.seconds }}"}),
        variables={"factor": 2},
    )
    await bench.set("light.hall", "on", seconds=30)
    await bench.clock.advance(30)
    assert [it["idx"] for it in bench.take()] == ["1"]
    await bench.clock.advance(210)
    assert [it["idx"] for it in bench.take()] == ["0"]


async def test_a_template_for_that_is_no_time_is_logged(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.attach(state(to="on", **{"for": "{{ 'soon' }}"}))
    await bench.set("light.hall", "on")
    await bench.clock.advance(1000)
    assert bench.take() == []
    assert "light.hall" in caplog.text
    assert "'soon'" in caplog.text


async def test_detached_it_neither_fires_nor_waits(bench: Bench) -> None:
    stop = bench.attach(state(to="on", **{"for": 60}), state())
    await bench.set("light.hall", "on")
    assert len(bench.take()) == 1
    stop()
    await bench.set("light.hall", "off")
    await bench.set("light.hall", "on")
    await bench.clock.advance(1000)
    assert bench.take() == []


async def test_a_rename_is_no_change(bench: Bench) -> None:
    registry = bench.world.entity_registry
    entry = registry.get_or_create("light", "test", "one", suggested_object_id="hall")
    assert entry.entity_id == "light.hall"
    await bench.set("light.hall", "on")
    bench.attach(
        state(**{"from": "on"}),
        state(entity_id="light.floor", to="on"),
        {"trigger": "numeric_state", "entity_id": "light.floor", "above": 0},
    )

    def follow(event: Any) -> None:
        if "old_entity_id" in event.data:
            bench.states.remove("light.hall")
            bench.states.set("light.floor", "on")

    bench.world.bus.listen("entity_registry_updated", follow)
    registry.update("light.hall", new_entity_id="light.floor")
    await bench.clock.advance(0)
    assert bench.states.get("light.floor") is not None
    assert bench.take() == []
    await bench.set("light.floor", "off")
    await bench.set("light.floor", "on")
    assert [it["idx"] for it in bench.take()] == ["1"]


async def test_other_entities_are_not_looked_at(bench: Bench) -> None:
    for number in range(1000):
        bench.attach(state(entity_id=f"light.number_{number}"))
    assert len(bench.states._by_entity) == 1000
    assert bench.states._any == []
    assert bench.states._by_domain == {}
    await bench.set("light.number_7", "on")
    assert [it["entity_id"] for it in bench.take()] == ["light.number_7"]


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"to": True}, ["to"], '"on"'),
        ({"to": 5}, ["to"], '"5"'),
        ({"from": "a", "not_from": "b"}, ["from"], "exclude each other"),
        ({"to": "a", "not_to": "b"}, ["to"], "exclude each other"),
        ({"entity_id": "hall"}, ["entity_id", 0], "entity id"),
        ({"for": "soon"}, ["for"], "time span"),
        ({"for": -5}, ["for"], "0 or more"),
        ({"too": "on"}, ["too"], "did you mean to?"),
        ({"for": {"minutes": "{{ 1 + }}"}}, ["for"], "template"),
    ],
)
def test_mistakes_are_told_with_their_place(
    fields: dict[str, Any], path: list[Any], words: str
) -> None:
    with pytest.raises(vol.Invalid) as caught:
        validation.triggers([state(**fields)])
    (error,) = getattr(caught.value, "errors", [caught.value])
    assert error.path[: len(path) + 1] == [0, *path]
    assert words in error.msg
