"""Unknown, unavailable and values, for each kind."""

from typing import Any

import pytest

from hub.events import Context
from hub.mqtt.values import event_payload, payloads, scalar
from hub.states import State
from hub.util.json import loads


def state(entity_id: str, value: str, **attributes: Any) -> State:
    return State(entity_id, value, attributes, 1.0, 1.0, Context())


KINDS = [
    "binary_sensor",
    "button",
    "climate",
    "event",
    "number",
    "select",
    "sensor",
    "switch",
    "update",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", ["unknown", "unavailable", ""])
def test_no_value_is_none_on_every_topic(kind: str, value: str) -> None:
    found = payloads(state(f"{kind}.x", value, preset_modes=["eco"]))
    assert found["state"] == b"None"
    assert found["availability"] == (b"offline" if value == "unavailable" else b"online")
    for level, payload in found.items():
        assert payload, level
        assert payload not in (b"unknown", b"unavailable"), level


@pytest.mark.parametrize(
    ("entity_id", "value", "expected"),
    [
        ("sensor.x", "21.5", b"21.5"),
        ("sensor.x", "on", b"on"),
        ("switch.x", "on", b"ON"),
        ("switch.x", "off", b"OFF"),
        ("switch.x", "nonsense", b"None"),
        ("binary_sensor.x", "off", b"OFF"),
        ("select.x", "Grün", "Grün".encode()),
        ("climate.x", "heat", b"heat"),
        ("sensor.x", "2026-11-21T10:00:00+00:00", b"2026-11-21T10:00:00+00:00"),
    ],
)
def test_values(entity_id: str, value: str, expected: bytes) -> None:
    assert payloads(state(entity_id, value))["state"] == expected


def test_climate_topics() -> None:
    found = payloads(
        state(
            "climate.x",
            "heat",
            temperature=21.0,
            current_temperature=20.55,
            hvac_action="heating",
            preset_modes=["eco"],
            preset_mode=None,
            fan_modes=["low"],
            fan_mode="low",
            current_humidity=40,
        )
    )
    assert found["mode"] == b"heat"
    assert found["temperature"] == b"21"
    assert found["current_temperature"] == b"20.55"
    assert found["action"] == b"heating"
    assert found["preset"] == b"None"
    assert found["fan_mode"] == b"low"
    assert found["current_humidity"] == b"40"


def test_an_unavailable_climate_shows_no_old_temperature() -> None:
    found = payloads(state("climate.x", "unavailable", preset_modes=["eco"], fan_modes=["low"]))
    levels = ("mode", "temperature", "current_temperature", "action", "preset", "fan_mode")
    assert {found[level] for level in levels} == {b"None"}


def test_attributes_are_the_states_own_bytes() -> None:
    a_state = state("sensor.x", "1", unit_of_measurement="W")
    assert payloads(a_state)["attributes"] is a_state.attributes_json


def test_update_topic() -> None:
    found = payloads(
        state("update.x", "on", installed_version="1", latest_version="2", in_progress=False, z=1)
    )
    assert loads(found["update"]) == {
        "installed_version": "1",
        "latest_version": "2",
        "in_progress": False,
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, b"None"), ("", b"None"), (True, b"ON"), (21.0, b"21"), (0, b"0"), (0.1, b"0.1")],
)
def test_scalars(value: object, expected: bytes) -> None:
    assert scalar(value) == expected


def test_an_event_is_told_when_it_happens_and_not_when_the_entity_comes_back() -> None:
    idle = state("event.x", "unknown", event_type=None, event_types=["press"])
    first = state("event.x", "10:00", event_type="press", event_types=["press"], times=2)
    assert event_payload(idle, first) == b'{"event_type":"press","times":2}'
    assert event_payload(None, first) is None
    gone = state("event.x", "unavailable", event_types=["press"])
    assert event_payload(first, gone) is None
    assert event_payload(gone, first) is None
    assert event_payload(first, first) is None
    second = state("event.x", "10:01", event_type="press", event_types=["press"])
    assert event_payload(first, second) == b'{"event_type":"press"}'
