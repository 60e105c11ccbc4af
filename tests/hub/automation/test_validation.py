"""What automations may be written like, and where a mistake is said to be."""

from typing import Any

import pytest
import voluptuous as vol

from hub.automation import validation

GO = {"trigger": "event", "event_type": "go"}
CALL = {"action": "light.turn_on", "target": {"entity_id": "light.hall"}}


def told(config: dict[str, Any]) -> dict[str, str]:
    """Return the mistakes of an automation, by dotted path."""
    with pytest.raises(vol.Invalid) as caught:
        validation.automation(config)
    error = caught.value
    errors = error.errors if isinstance(error, vol.MultipleInvalid) else [error]
    return {".".join(str(part) for part in item.path): str(item.msg) for item in errors}


def test_old_and_new_names_mean_the_same() -> None:
    old = {
        "alias": "Hall",
        "trigger": {"platform": "event", "event_type": "go"},
        "condition": {"condition": "template", "value_template": "{{ true }}"},
        "action": {"service": "light.turn_on", "entity_id": "light.hall"},
    }
    new = {
        "alias": "Hall",
        "triggers": [GO],
        "conditions": ["{{ true }}"],
        "actions": [CALL],
    }
    assert validation.automation(old) == validation.automation(new)


def test_data_template_is_data() -> None:
    (action,) = validation.actions(
        {"service": "a.b", "data": {"x": 1}, "data_template": {"y": "{{ 2 }}"}}
    )
    assert action["data"] == {"x": 1, "y": "{{ 2 }}"}


def test_lists_inside_lists_are_flat() -> None:
    assert len(validation.actions([[CALL, [CALL]], CALL])) == 3
    assert len(validation.triggers([{"triggers": [GO, GO]}, GO])) == 3


@pytest.mark.parametrize("short", ["and", "or", "not"])
def test_shorthand_groups(short: str) -> None:
    (written,) = validation.conditions([{short: ["{{ true }}"]}])
    (whole,) = validation.conditions([{"condition": short, "conditions": ["{{ true }}"]}])
    assert written == whole


def test_every_mistake_is_told_with_its_place() -> None:
    found = told(
        {
            "alias": "a",
            "trigger": [{"platform": "stat"}, {"platform": "event", "event_typ": "x"}],
            "actions": [
                {"choose": [{"conditions": [], "sequence": [{"dely": 1}]}]},
                {"if": "x", "then": [{"delay": "abc"}]},
                {"repeat": {"count": -1, "sequence": [{"stop": "x", "eror": 1}]}},
                {"repeat": {"sequence": [CALL]}},
                {"parallel": []},
                {"action": "turn_on"},
                {"action": "light.turn_on", "delay": 1},
            ],
            "mode": "twice",
            "max": 0,
            "bla": 1,
        }
    )
    assert "did you mean state?" in found["trigger.0.platform"]
    assert "did you mean event_type?" in found["trigger.1.event_typ"]
    assert "event_type is missing" in found["trigger.1.event_type"]
    assert "expected one of" in found["actions.0.choose.0.sequence.0"]
    assert "expected a condition" in found["actions.1.if"]
    assert "time span" in found["actions.1.then.0.delay"]
    assert "0 or more" in found["actions.2.repeat.count"]
    assert "did you mean error?" in found["actions.2.repeat.sequence.0.eror"]
    assert "one of count, while, until, for_each" in found["actions.3.repeat"]
    assert "one action or more" in found["actions.4.parallel"]
    assert "light.turn_on" in found["actions.5.action"]
    assert "two actions" in found["actions.6"]
    assert "single, restart, queued, parallel" in found["mode"]
    assert "1 or more" in found["max"]
    assert "known are" in found["bla"]


def test_what_is_needed_is_said() -> None:
    assert told({"alias": "a"}).keys() == {"triggers", "actions"}


def test_both_names_at_once_are_refused() -> None:
    assert "keep one" in told({"trigger": [GO], "triggers": [GO], "actions": []})["trigger"]


def test_entity_id_given_twice() -> None:
    call = {"service": "a.b", "entity_id": "light.a", "target": {"entity_id": "light.b"}}
    assert "given twice" in told({"triggers": [GO], "actions": [call]})["actions.0.entity_id"]


@pytest.mark.parametrize(
    "action",
    [
        {"device_id": "x", "domain": "light", "type": "turn_on"},
        {"service_template": "{{ x }}"},
        {"set_conversation_response": "hello"},
    ],
)
def test_what_home_assistant_has_beside_is_refused_by_name(action: dict[str, Any]) -> None:
    (key,) = [
        name
        for name in ("device_id", "service_template", "set_conversation_response")
        if name in action
    ]
    assert "is not supported" in told({"triggers": [GO], "actions": [action]})[f"actions.0.{key}"]


def test_a_broken_template_is_told_where_it_stands() -> None:
    found = told({"triggers": [GO], "actions": [{"action": "a.b", "data": {"x": ["{{ 1 + }}"]}}]})
    assert set(found) == {"actions.0.data.x.0"}


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (5, 5.0),
        ("5", 5.0),
        ("00:05", 300.0),
        ("01:00:30", 3630.0),
        ("00:00:01.5", 1.5),
        ({"minutes": 2, "seconds": 1}, 121.0),
        ({"milliseconds": 500}, 0.5),
        ({"days": 1}, 86400.0),
    ],
    ids=repr,
)
def test_time_spans(given: object, seconds: float) -> None:
    (action,) = validation.actions([{"delay": given}])
    assert action["delay"] == seconds


@pytest.mark.parametrize("given", ["", "a", -1, "-00:01", {}, {"weeks": 1}, None, "1:99"], ids=repr)
def test_what_is_no_time_span(given: object) -> None:
    with pytest.raises(vol.Invalid):
        validation.actions([{"delay": given}])


def test_a_script_needs_a_sequence() -> None:
    with pytest.raises(vol.Invalid, match="sequence"):
        validation.script({"alias": "x"})
    with pytest.raises(vol.Invalid, match="selector"):
        validation.script({"sequence": [], "fields": {"a": {"selector": {"nmber": {}}}}})


def test_the_given_mapping_is_left_alone() -> None:
    written = {
        "alias": "a",
        "trigger": {"platform": "event", "event_type": "go"},
        "action": [{"service": "light.turn_on", "entity_id": "light.a"}],
    }
    before = repr(written)
    validation.automation(written)
    assert repr(written) == before
