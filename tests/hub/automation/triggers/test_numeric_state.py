"""Triggers of the kind `numeric_state`."""

from datetime import timedelta
from typing import Any

import pytest
import voluptuous as vol

from hub.automation import validation
from tests.hub.automation.triggers.conftest import Bench


def numeric(**fields: Any) -> dict[str, Any]:
    return {"trigger": "numeric_state", "entity_id": "sensor.t", **fields}


async def walk(bench: Bench, *values: object) -> list[str]:
    """Write values and return those at which it fired."""
    for value in values:
        await bench.set("sensor.t", str(value))
    return [it["to_state"].state for it in bench.take()]


async def test_only_crossing_fires(bench: Bench) -> None:
    await bench.set("sensor.t", "19")
    bench.attach(numeric(above=20))
    assert await walk(bench, 20, 21, 22, 20, 20.5, 19, 25) == ["21", "20.5", "25"]


async def test_a_value_inside_at_first_is_not_a_crossing(bench: Bench) -> None:
    await bench.set("sensor.t", "25")
    bench.attach(numeric(above=20))
    assert await walk(bench, 26, 19, 21) == ["21"]


async def test_between_two_limits(bench: Bench) -> None:
    await bench.set("sensor.t", "5")
    bench.attach(numeric(above=10, below="20"))
    assert await walk(bench, 25, 15, 16, 20, 19, 10, 10.1) == ["15", "19", "10.1"]


async def test_unknown_is_outside_and_never_a_number(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.attach(numeric(below=20))
    assert await walk(bench, 5) == [], "an entity that was missing is not armed"
    assert await walk(bench, "unknown", 5, "unavailable", 6) == ["5", "6"]
    assert caplog.text == ""
    assert await walk(bench, 25, "warm", 5) == ["5"]
    assert "sensor.t is no number" in caplog.text


async def test_variables_and_an_attribute(bench: Bench) -> None:
    await bench.set("sensor.t", "x", level=5)
    bench.attach(numeric(above=10.5, attribute="level"))
    await bench.set("sensor.t", "x", level=11)
    (fired,) = bench.take()
    assert fired["from_state"].attributes == {"level": 5}
    assert fired["to_state"].attributes == {"level": 11}
    del fired["from_state"], fired["to_state"]
    assert fired == {
        "id": "0",
        "idx": "0",
        "alias": None,
        "platform": "numeric_state",
        "entity_id": "sensor.t",
        "above": 10.5,
        "below": None,
        "attribute": "level",
        "for": None,
        "description": "numeric state of sensor.t",
    }
    await bench.set("sensor.t", "x")
    await bench.set("sensor.t", "x", level=12)
    assert len(bench.take()) == 1


async def test_limits_that_entities_hold(bench: Bench) -> None:
    await bench.set("sensor.t", "5")
    await bench.set("input_number.limit", "10")
    bench.attach(numeric(above="input_number.limit"))
    assert await walk(bench, 11, 9) == ["11"]
    await bench.set("input_number.limit", "20")
    assert await walk(bench, 15, 21, 5) == ["21"]
    await bench.set("input_number.limit", "unavailable")
    assert await walk(bench, 30) == []


async def test_a_limit_that_is_not_there_is_logged(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.set("sensor.t", "5")
    bench.attach(numeric(above="sensor.missing"))
    assert await walk(bench, 11) == []
    assert "unknown 'above' entity sensor.missing" in caplog.text


async def test_the_value_may_be_a_template(bench: Bench) -> None:
    await bench.set("sensor.t", "1")
    bench.attach(
        numeric(above=10, value_template="{{ state.state | float * factor }}"),
        variables={"factor": 10},
    )
    assert await walk(bench, 2, 0.5, 3) == ["2", "3"]


async def test_for_waits_while_it_stays_inside(bench: Bench) -> None:
    await bench.set("sensor.t", "5")
    bench.attach(numeric(above=10, **{"for": "{{ 60 }}"}))
    assert await walk(bench, 11) == []
    await bench.clock.advance(30)
    assert await walk(bench, 15) == []
    await bench.clock.advance(30)
    (fired,) = bench.take()
    assert (fired["to_state"].state, fired["for"]) == ("11", timedelta(minutes=1))
    await walk(bench, 5, 11)
    await bench.clock.advance(59)
    await walk(bench, "unavailable", 11)
    await bench.clock.advance(30)
    bench.states.remove("sensor.t")
    await bench.clock.advance(60)
    assert bench.take() == []


async def test_detached_it_is_silent(bench: Bench) -> None:
    await bench.set("sensor.t", "5")
    stop = bench.attach(numeric(above=10, **{"for": 60}), numeric(above=10))
    assert await walk(bench, 11) == ["11"]
    stop()
    await bench.clock.advance(100)
    assert await walk(bench, 5, 12) == []


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({}, [], "above or below is missing"),
        ({"above": 5, "below": 5}, ["above"], "no value is above 5 and below 5"),
        ({"above": "high"}, ["above"], "expected a number"),
        ({"above": "light.hall"}, ["above"], "input_number"),
        ({"above": True}, ["above"], "expected a number"),
        ({"above": float("nan")}, ["above"], "finite"),
    ],
)
def test_mistakes_are_told_with_their_place(
    fields: dict[str, Any], path: list[Any], words: str
) -> None:
    with pytest.raises(vol.Invalid) as caught:
        validation.triggers([numeric(**fields)])
    (error,) = getattr(caught.value, "errors", [caught.value])
    assert error.path == [0, *path]
    assert words in error.msg
