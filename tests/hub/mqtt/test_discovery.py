"""Discovery payloads: golden forms, and one bad entity that does not take its device with it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.config.settings import Discovery, MqttSettings
from hub.mqtt.abbreviations import expand
from hub.mqtt.discovery import Announcer, DeviceFacts, EntityFacts
from hub.mqtt.topics import Topics
from hub.mqtt.validator import component_problems, device_problems

SETTINGS = MqttSettings(base="hub", hub_id="h1", hub_name="Home")
DEVICE = DeviceFacts(
    "neasmart_z1",
    "Living",
    "Rehau",
    "Neasmart 2.0",
    "1.0",
    None,
    "Z1",
    "Living room",
    None,
    "neasmart_base",
)
GOLDEN = Path(__file__).parents[2] / "fixtures" / "mqtt" / "discovery.json"


def announcer(**changes: Any) -> Announcer:
    settings = replace(SETTINGS, **changes)
    return Announcer(settings, Topics(settings))


def entity(entity_id: str, **more: Any) -> EntityFacts:
    attributes = more.pop("attributes", {})
    return EntityFacts(entity_id, "neasmart", entity_id, attributes=attributes, **more)


GOOD = [
    entity(
        "climate.living",
        features=409,
        attributes={
            "hvac_modes": ["off", "heat"],
            "min_temp": 5,
            "max_temp": 30,
            "target_temp_step": 0.5,
            "preset_modes": ["eco", "none"],
            "fan_modes": ["auto", "low"],
        },
    ),
    entity(
        "sensor.t", device_class="temperature", unit="°C", attributes={"state_class": "measurement"}
    ),
    entity("sensor.mode", device_class="enum", attributes={"options": ["a", "b"]}),
    entity("binary_sensor.fault", device_class="problem", category="diagnostic", icon="mdi:alert"),
    entity("switch.pump", name="Pump", enabled=False),
    entity("number.n", attributes={"min": 0, "max": 10, "step": 0.5, "mode": "box"}, unit="K"),
    entity("select.s", attributes={"options": ["x", "y"]}, category="config"),
    entity("button.b", name="Identify", device_class="identify"),
    entity("event.e", attributes={"event_types": ["press"]}),
    entity("update.u", features=1),
    entity("update.plain"),
]

BAD = {
    "unknown device class": entity("sensor.bad", device_class="flux"),
    "unit of another class": entity("sensor.bad", device_class="temperature", unit="%"),
    "no unit": entity("sensor.bad", device_class="temperature"),
    "icon": entity("sensor.bad", icon="house"),
    "category": entity("sensor.bad", category="config"),
    "binary category": entity("binary_sensor.bad", category="config"),
    "options without enum": entity("sensor.bad", attributes={"options": ["a"]}),
    "empty options": entity("sensor.bad", device_class="enum", attributes={"options": []}),
    "enum with unit": entity(
        "sensor.bad", device_class="enum", unit="W", attributes={"options": ["a"]}
    ),
    "state class": entity("sensor.bad", attributes={"state_class": "rising"}),
    "angle": entity("sensor.bad", attributes={"state_class": "measurement_angle"}),
    "timestamp with unit": entity("sensor.bad", device_class="timestamp", unit="s"),
    "select without options": entity("select.bad"),
    "select with none": entity("select.bad", attributes={"options": ["None", "a"]}),
    "event without types": entity("event.bad"),
    "number range": entity("number.bad", attributes={"min": 5, "max": 1}),
    "number step": entity("number.bad", attributes={"step": 0}),
    "number mode": entity("number.bad", attributes={"mode": "dial"}),
    "number text": entity("number.bad", attributes={"min": "low"}),
    "climate range": entity("climate.bad", attributes={"min_temp": 30, "max_temp": 5}),
    "switch class": entity("switch.bad", device_class="pump"),
    "button class": entity("button.bad", device_class="bell"),
}


def test_golden_device() -> None:
    found = announcer().announce(DEVICE, GOOD)
    assert len(found) == 1
    assert found[0].topic == "homeassistant/device/h1/neasmart_z1/config"
    assert json.loads(found[0].payload) == json.loads(GOLDEN.read_text())


def test_every_payload_passes_the_validator() -> None:
    body = expand(json.loads(announcer().announce(DEVICE, GOOD)[0].payload))
    assert device_problems(body) == []
    assert len(body["components"]) == len(GOOD)
    for component in body["components"].values():
        assert component_problems(component) == []
        assert [x["topic"] for x in component["availability"]][:2] == [
            "hub/h1/status",
            "hub/h1/neasmart_z1/availability",
        ]
        assert component["availability_mode"] == "all"
        assert "object_id" not in component


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_one_bad_entity_is_left_out_and_the_rest_lives(
    bad: EntityFacts, caplog: pytest.LogCaptureFixture
) -> None:
    speaker = announcer()
    for _ in range(2):
        found = speaker.announce(DEVICE, [*GOOD, bad])
        assert len(found[0].components) == len(GOOD)
    lines = [x for x in caplog.messages if f"{bad.entity_id} is not announced" in x]
    assert len(lines) == 1


def test_entity_mode() -> None:
    found = announcer(discovery=Discovery.ENTITY).announce(DEVICE, GOOD)
    assert len(found) == len(GOOD)
    first = expand(json.loads(found[0].payload))
    key = next(iter(found[0].components))
    assert found[0].topic == f"homeassistant/{found[0].components[key]}/h1/{key}/config"
    assert first["device"]["identifiers"] == ["h1_neasmart_z1"]
    assert first["origin"]["name"] == "hub"
    assert "platform" not in first


def test_off_and_empty() -> None:
    assert announcer(discovery=Discovery.OFF).announce(DEVICE, GOOD) == []
    assert announcer().announce(DEVICE, []) == []
    assert announcer().announce(DEVICE, [entity("siren.x")]) == []


def test_identity_does_not_follow_names() -> None:
    one = announcer().announce(DEVICE, [entity("sensor.a")])[0]
    facts = replace(entity("sensor.a"), entity_id="sensor.renamed", name="Other")
    two = announcer().announce(replace(DEVICE, name="New"), [facts])[0]
    assert one.topic == two.topic
    first, second = json.loads(one.payload), json.loads(two.payload)
    assert list(first["cmps"]) == list(second["cmps"])
    key = next(iter(first["cmps"]))
    assert first["cmps"][key]["uniq_id"] == second["cmps"][key]["uniq_id"]
    assert first["dev"]["ids"] == second["dev"]["ids"]


def test_legacy_object_id() -> None:
    body = json.loads(announcer(legacy_object_id=True).announce(DEVICE, GOOD)[0].payload)
    assert {x["obj_id"] for x in body["cmps"].values()} >= {"living", "pump"}


def test_a_bad_address_costs_only_itself() -> None:
    body = json.loads(
        announcer().announce(replace(DEVICE, configuration_url="192.168.1.1"), GOOD)[0].payload
    )
    assert "cu" not in body["dev"]
    body = json.loads(
        announcer().announce(replace(DEVICE, configuration_url="http://x/y"), GOOD)[0].payload
    )
    assert body["dev"]["cu"] == "http://x/y"


def test_stubs() -> None:
    found = announcer().announce(DEVICE, [entity("sensor.a")])[0]
    body = json.loads(found.with_stubs({"gone": "switch"}))
    assert body["cmps"]["gone"] == {"p": "switch"}
    assert len(body["cmps"]) == 2


GOOD_BODY: dict[str, Any] = {
    "device": {"identifiers": ["x"], "name": "X"},
    "origin": {"name": "hub"},
    "components": {"a": {"platform": "sensor", "unique_id": "u", "state_topic": "t"}},
}


@pytest.mark.parametrize(
    "change",
    [
        {"origin": None},
        {"origin": {}},
        {"origin": {"name": "x", "colour": 1}},
        {"origin": {"name": "x", "support_url": "here"}},
        {"device": None},
        {"device": {"name": "x"}},
        {"device": {"identifiers": ["x"], "colour": 1}},
        {"device": {"identifiers": ["x"], "name": None}},
        {"device": {"identifiers": ["x"], "configuration_url": "ftp://x"}},
        {"components": None},
        {"components": {"a": {}}},
        {"components": {"a": {"platform": "infrared", "unique_id": "u"}}},
        {"components": {"a": {"platform": "sensor", "state_topic": "t"}}},
        {"retain": True},
        {"availability": [{"topic": "t"}], "availability_topic": "t"},
        {"availability": [{"topic": "t", "colour": 1}]},
        {"availability_mode": "some"},
        {"qos": 3},
    ],
    ids=str,
)
def test_what_would_cost_the_whole_device(change: dict[str, Any]) -> None:
    assert device_problems(GOOD_BODY) == []
    assert device_problems({**GOOD_BODY, **change}) != []


def test_a_stub_is_no_problem() -> None:
    body = {**GOOD_BODY, "components": {"a": {"platform": "sensor"}}}
    assert device_problems(body) == []
