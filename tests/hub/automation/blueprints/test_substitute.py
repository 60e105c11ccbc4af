"""Blueprints as text: reading, filling, and every mistake with its place."""

from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol

from hub.automation import validation
from hub.automation.blueprints.source import Input, parse
from hub.automation.blueprints.substitute import substitute
from hub.errors import NotFound

SOURCE = """
blueprint:
  name: Lamp
  domain: automation
  input:
    sensor:
    group:
      name: More
      icon: mdi:lamp
      collapsed: true
      input:
        lamp:
          name: Lamp
          selector: {entity: {}}
        wait:
          default: {minutes: 2}
triggers:
  - trigger: state
    entity_id: !input sensor
    for: !input wait
actions:
  - action: switch.turn_on
    target: {entity_id: !input lamp}
    data: {note: "{{ now() }}", at: 2026-11-21}
"""
EXAMPLES = sorted(Path(__file__).parents[4].glob("config/example/blueprints/automation/**/*.yaml"))


def find(path: str) -> str:
    if path != "lamp.yaml":
        raise NotFound(path)
    return SOURCE


def use(path: str = "lamp.yaml", **given: Any) -> dict[str, Any]:
    config = {"alias": "Hall", "use_blueprint": {"path": path, "input": given}}
    return substitute(config, "automation", find)


def test_a_blueprint_is_read() -> None:
    found = parse(SOURCE)
    assert found.metadata["name"] == "Lamp"
    assert found.inputs == {
        "sensor": {},
        "lamp": {"name": "Lamp", "selector": {"entity": {}}},
        "wait": {"default": {"minutes": 2}},
    }
    assert found.body["triggers"][0]["entity_id"] == Input("sensor")


def test_holes_are_filled_and_own_keys_win() -> None:
    found = use(sensor="binary_sensor.a", lamp=["switch.a", "switch.b"])
    assert found == {
        "alias": "Hall",
        "triggers": [{"trigger": "state", "entity_id": "binary_sensor.a", "for": {"minutes": 2}}],
        "actions": [
            {
                "action": "switch.turn_on",
                "target": {"entity_id": ["switch.a", "switch.b"]},
                "data": {"note": "{{ now() }}", "at": "2026-11-21"},
            }
        ],
    }
    config = {"mode": "queued", "actions": [], "use_blueprint": {"path": "lamp.yaml"}}
    config["use_blueprint"] = {"path": "lamp.yaml", "input": {"sensor": "a.b", "lamp": None}}
    assert substitute(config, "automation", find)["actions"] == []


def test_what_is_filled_in_is_a_copy() -> None:
    lamps = ["switch.a"]
    found = use(sensor="a.b", lamp=lamps)
    found["actions"][0]["target"]["entity_id"].append("switch.b")
    assert lamps == ["switch.a"]


def test_without_a_blueprint_nothing_changes() -> None:
    assert substitute({"alias": "A"}, "automation", find) == {"alias": "A"}


WRONG: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"sensor": "a.b"}, {"use_blueprint.input.lamp": "missing input"}),
    (
        {"lamp": "a.b", "sensr": "a.b"},
        {
            "use_blueprint.input.sensor": "missing input",
            "use_blueprint.input.sensr": "known are sensor, lamp, wait",
        },
    ),
]


@pytest.mark.parametrize(("given", "told"), WRONG, ids=["one", "two"])
def test_missing_and_unknown_inputs(given: dict[str, Any], told: dict[str, str]) -> None:
    with pytest.raises(vol.MultipleInvalid) as raised:
        use(**given)
    found = {".".join(map(str, one.path)): one.error_message for one in raised.value.errors}
    assert found.keys() == told.keys()
    assert all(told[path] in found[path] for path in told)


@pytest.mark.parametrize(
    ("config", "path", "why"),
    [
        ({"path": "other.yaml"}, ["use_blueprint", "path"], "there is no automation blueprint"),
        ({"input": {}}, ["use_blueprint", "path"], "path is missing"),
        ({"path": "lamp.yaml", "input": 5}, ["use_blueprint", "input"], "expected inputs"),
        ("lamp.yaml", ["use_blueprint"], "expected a dictionary"),
    ],
    ids=["unknown", "no path", "no mapping", "a text"],
)
def test_mistakes_in_the_use(config: Any, path: list[str], why: str) -> None:
    with pytest.raises(vol.Invalid, match=why) as raised:
        substitute({"use_blueprint": config}, "automation", find)
    assert [getattr(part, "schema", part) for part in raised.value.path] == path


def test_a_blueprint_for_something_else() -> None:
    with pytest.raises(vol.Invalid, match=r"lamp\.yaml is for automations"):
        substitute(
            {"use_blueprint": {"path": "lamp.yaml", "input": {"sensor": 1, "lamp": 1}}},
            "script",
            find,
        )


HEAD = "blueprint:\n  name: A\n  domain: automation\n"
BROKEN = [
    ("", "line 1: expected a mapping"),
    ("- a\n", "line 1: expected a mapping"),
    ("blueprint:\n  domain: automation\n", "line 1: blueprint.name: required"),
    ("blueprint:\n  name: A\n  domain: light\n", "line 3: blueprint.domain: expected one of"),
    (f"{HEAD}  colour: red\n", "line 4: blueprint.colour: extra keys"),
    (f"{HEAD}  input:\n    a:\n      nme: x\n", "line 6: blueprint.input.a.nme: extra keys"),
    (f"{HEAD}  input:\n    a:\n    s:\n      input:\n        a:\n", "there twice"),
    (f"{HEAD}  input:\n    a: {{selector: entity}}\n", "line 5: .*expected one selector"),
    (f"{HEAD}  homeassistant: {{min_version: 2024}}\n", "min_version: expected a version"),
    (f"{HEAD}actions: !input nope\n", "line 4: !input nope is no input"),
    (f"{HEAD}  author: !input nope\n", "line 4: !input is for what follows"),
    (f"{HEAD}actions: !secret nope\n", "line 4: the tag !secret is not for blueprints"),
    (f"{HEAD}actions: !include a.yaml\n", "line 4: the tag !include"),
    (f"{HEAD}actions: !!python/object:os.system x\n", "line 4: the tag"),
    (f"{HEAD}actions: !x [1]\n", "line 4: the tag !x"),
    (f"{HEAD}mode: a\nmode: b\n", "'mode' is given twice"),
    (f"{HEAD}actions: [\n", "not valid YAML"),
    (f"{HEAD}? [a, b]\n: c\n", "a key must be a single word"),
    (("a: &a [1,2,3,4,5,6,7,8,9]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
     "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
     "e: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"), "too many values"),
    ("a: &a [*a]\n", "nested too deeply|not valid YAML"),
    ("x" * 300_000, "at most 256 KiB"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "why"), BROKEN, ids=range(len(BROKEN)))
def test_a_broken_text_is_told_with_its_line(source: str, why: str) -> None:
    with pytest.raises(vol.Invalid, match=why):
        parse(source)


def test_a_blueprint_may_be_too_new() -> None:
    source = f'{HEAD}  homeassistant:\n    min_version: "2999.1.0"\n'
    with pytest.raises(vol.Invalid, match="needs Home Assistant 2999"):
        substitute({"use_blueprint": {"path": "x.yaml"}}, "automation", lambda _path: source)


GIVEN: dict[str, dict[str, Any]] = {
    "motion_switch": {"motion": "binary_sensor.hall", "target": {"entity_id": "switch.hall"}},
    "threshold_alert": {
        "sensor": "sensor.cellar",
        "above": 70,
        "alert": [{"action": "input_boolean.turn_on", "target": {"entity_id": "input_boolean.a"}}],
    },
}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_shipped_blueprints_make_automations(file: Path) -> None:
    config = {"alias": "A", "use_blueprint": {"path": file.name, "input": GIVEN[file.stem]}}
    found = substitute(config, "automation", lambda _path: file.read_text())
    assert validation.automation(found)["triggers"]


def test_there_are_examples() -> None:
    assert {file.stem for file in EXAMPLES} == GIVEN.keys()
