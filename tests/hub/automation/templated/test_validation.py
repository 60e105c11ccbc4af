"""What may be written under `template:`, and how mistakes are told."""

from typing import Any

import pytest
import voluptuous as vol

from hub.automation.templated.validation import section
from hub.resources.catalogue import Catalogue

CALL = [{"action": "light.turn_on"}]


def sensor(**more: Any) -> dict[str, Any]:
    return {"sensor": [{"name": "A", "state": "{{ 1 }}", **more}]}


def mistakes(config: dict[str, Any]) -> dict[str, str]:
    """Return what is wrong, by path."""
    with pytest.raises(vol.MultipleInvalid) as error:
        section(config)
    return {".".join(map(str, one.path)): one.error_message for one in error.value.errors}


def test_a_section_is_read() -> None:
    found = section(
        {
            "unique_id": "house",
            "trigger": [{"platform": "time", "at": "07:00"}],
            "condition": "{{ true }}",
            "action": CALL,
            "variables": {"a": "{{ 1 }}"},
            "sensor": {"name": "A", "state": "{{ a }}", "unique_id": 5},
            "binary_sensor": [
                {"state": "{{ a }}", "auto_off": {"seconds": 5}},
                {"state": "{{ a }}", "delay_on": "00:00:05", "unique_id": "b"},
            ],
        },
        "key",
    )
    assert [(it.kind, it.unique_id) for it in found.entities] == [
        ("sensor", "house-5"),
        ("binary_sensor", "house-binary_sensor_1"),
        ("binary_sensor", "house-b"),
    ]
    assert found.triggers[0]["trigger"] == "time"
    assert found.conditions[0]["condition"] == "template"
    assert found.actions[0]["action"] == "light.turn_on"
    assert found.entities[2].config["delay_on"] == 5.0
    assert section(sensor(), "key").entities[0].unique_id == "key-sensor_1"


def test_every_kind_is_read() -> None:
    found = section(
        {
            "sensor": sensor(device_class="enum", options=["a"])["sensor"],
            "binary_sensor": {"state": "{{ 1 }}", "delay_off": "{{ 5 }}"},
            "switch": {"turn_on": CALL, "turn_off": CALL, "state": "{{ 1 }}"},
            "number": {"set_value": CALL, "min": "{{ 1 }}", "max": 5, "step": 0.5},
            "select": {"select_option": CALL, "options": "{{ ['a'] }}"},
            "button": {"press": CALL, "device_class": "restart"},
        }
    )
    assert len(found.entities) == 6


@pytest.mark.parametrize(
    ("config", "path", "words"),
    [
        ({"sensor": [{"name": "A"}]}, "sensor.0.state", "state is missing"),
        (sensor(stat="x"), "sensor.0.stat", "unknown key 'stat': did you mean"),
        (sensor(state="{{ foo() }}"), "sensor.0.state", "There is no function 'foo'"),
        (sensor(state="{{ 1"), "sensor.0.state", "TemplateSyntaxError"),
        (sensor(state_class="sum"), "sensor.0.state_class", "expected one of"),
        (sensor(picture="x"), "sensor.0.picture", "pictures are not supported"),
        (sensor(value_template="x"), "sensor.0.value_template", "write state"),
        (sensor(friendly_name="x"), "sensor.0.friendly_name", "write name"),
        (sensor(options=["a"]), "sensor.0.options", "device_class enum"),
        (sensor(attributes={"a": "{{ b("}), "sensor.0.attributes.a", "TemplateSyntaxError"),
        (sensor(attributes=[]), "sensor.0.attributes", "expected a mapping"),
        (sensor(default_entity_id="light.x"), "sensor.0.default_entity_id", "an id of sensor"),
        (sensor(auto_off=5), "sensor.0.auto_off", "unknown key"),
        ({"binary_sensor": {"state": "1", "auto_off": 5}}, "binary_sensor.auto_off", "triggers"),
        ({"binary_sensor": {"state": "1", "delay_on": "x"}}, "binary_sensor.delay_on", "time span"),
        ({"switch": {"turn_on": CALL}}, "switch.turn_off", "turn_off is missing"),
        ({"switch": {"turn_on": [{"x": 1}], "turn_off": []}}, "switch.turn_on.0", ""),
        ({"number": {"set_value": CALL, "min": "a"}}, "number.min", "number"),
        ({"select": {"select_option": CALL}}, "select.options", "options is missing"),
        ({"select": {"select_option": CALL, "options": []}}, "select.options", "a list of texts"),
        ({"sensor": "x"}, "sensor", "expected a list of sensors"),
        ({"sensor": ["x"]}, "sensor.0", "expected the fields of a sensor"),
        ({"light": []}, "light", "unknown key 'light'"),
        ({"platform": "template", "sensors": {}}, "platform", "former form"),
        ({"use_blueprint": {}}, "use_blueprint", "unknown key"),
        ({}, "", "expected entities"),
        ({**sensor(), "condition": "{{ 1 }}"}, "condition", "need triggers"),
        ({**sensor(), "triggers": {"trigger": "nope"}}, "triggers.trigger", "unknown trigger"),
        (
            {"sensor": [{"state": "1", "unique_id": "a"}, {"state": "1", "unique_id": "a"}]},
            "sensor",
            "used twice",
        ),
    ],
)
def test_a_mistake_is_told_where_it_stands(config: dict[str, Any], path: str, words: str) -> None:
    found = mistakes(config)
    assert [key for key in found if key.startswith(path)], found
    assert words in " ".join(found.values())


def test_all_mistakes_are_told_at_once() -> None:
    found = mistakes({"sensor": [{"x": 1}, {"state": "{{ 1"}], "switch": {}})
    assert set(found) == {
        "sensor.0.x",
        "sensor.0.state",
        "sensor.1.state",
        "switch.turn_on",
        "switch.turn_off",
    }


def test_the_resource_keeps_what_was_written() -> None:
    found = Catalogue().get("hub.template")
    spec = {"trigger": [{"platform": "time", "at": "07:00"}], **sensor()}
    assert found.schema(spec) == spec
    assert found.title_of(spec) == "A"
