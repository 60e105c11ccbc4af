"""Who names what: found in texts, told when it leads nowhere, written anew when it is renamed."""

import re
from pathlib import Path
from typing import Any

import pytest

from hub.auth import Role
from hub.automation.references import Kind, named
from hub.automation.references.rename import renamed
from hub.errors import InvalidFormat, NotFound
from hub.events import Context
from hub.resources import InvalidSpec
from hub.storage import StorageError
from tests.peers.house import House, MakeHouse

SPEC: dict[str, Any] = {
    "alias": "Everything",
    "triggers": [
        {"trigger": "state", "entity_id": ["binary_sensor.a", "binary_sensor.b"]},
        {"platform": "numeric_state", "entity_id": "sensor.t", "above": "input_number.limit"},
        {"trigger": "time", "at": ["input_datetime.wake", "07:00:00"]},
        {"trigger": "resource", "type": "proxy.host", "key": "blog"},
        {"trigger": "device", "device_id": "d" * 32, "entity_id": "switch.pump"},
    ],
    "conditions": "{{ states('sensor.t') | float > 3 and states.sensor.k.state == 'x' }}",
    "actions": [
        {
            "action": "light.turn_on",
            "target": {"area_id": "kitchen", "label_id": ["night"], "floor_id": "ground"},
            "data": {"brightness": "{{ state_attr('light.b', 'brightness') }}"},
        },
        {"service": "notify.x", "entity_id": "light.a, light.b"},
        {"scene": "scene.evening"},
        {"action": "scene.apply", "data": {"entities": {"light.a": "on"}}},
        {"event": "x", "event_data": {"entity_id": "light.c"}},
        {"choose": [{"conditions": [], "sequence": [{"action": "script.hello"}]}]},
    ],
}

FOUND = [
    ("triggers.0.entity_id.0", "entity", "binary_sensor.a"),
    ("triggers.0.entity_id.1", "entity", "binary_sensor.b"),
    ("triggers.1.entity_id", "entity", "sensor.t"),
    ("triggers.1.above", "entity", "input_number.limit"),
    ("triggers.2.at.0", "entity", "input_datetime.wake"),
    ("triggers.3.key", "resource", "proxy.host/blog"),
    ("triggers.4.device_id", "device", "d" * 32),
    ("triggers.4.entity_id", "entity", "switch.pump"),
    ("conditions", "entity", "sensor.t"),
    ("conditions", "entity", "sensor.k"),
    ("actions.0.action", "service", "light.turn_on"),
    ("actions.0.target.area_id", "area", "kitchen"),
    ("actions.0.target.label_id.0", "label", "night"),
    ("actions.0.target.floor_id", "floor", "ground"),
    ("actions.0.data.brightness", "entity", "light.b"),
    ("actions.1.service", "service", "notify.x"),
    ("actions.1.entity_id", "entity", "light.a"),
    ("actions.1.entity_id", "entity", "light.b"),
    ("actions.2.scene", "entity", "scene.evening"),
    ("actions.3.action", "service", "scene.apply"),
    ("actions.3.data.entities.light.a", "entity", "light.a"),
    ("actions.4.event_data.entity_id", "entity", "light.c"),
    ("actions.5.choose.0.sequence.0.action", "service", "script.hello"),
]


def test_every_name_in_an_automation_is_found() -> None:
    sure = [item for item in named("hub.automation", SPEC) if item.sure]
    assert [(item.dotted, item.kind.value, item.value) for item in sure] == FOUND


@pytest.mark.parametrize(
    ("template", "kind", "value"),
    [
        ("{{ states('sensor.a') }}", "entity", "sensor.a"),
        ("{{ 'sensor.a' | states }}", "entity", "sensor.a"),
        ("{{ states['sensor.a'].state }}", "entity", "sensor.a"),
        ("{{ states.sensor['a'].state }}", "entity", "sensor.a"),
        ("{% if 'light.a' is is_state('on') %}x{% endif %}", "entity", "light.a"),
        ("{{ ['sensor.a', 'sensor.b'] | map('states') | list }}", "entity", "sensor.b"),
        ("{{ expand('light.x', ['light.a']) }}", "entity", "light.a"),
        ("{{ device_id('switch.pump') }}", "entity", "switch.pump"),
        ("{{ area_entities('Kitchen') }}", "area", "Kitchen"),
        ("{{ 'ground' | floor_areas }}", "floor", "ground"),
        ("{{ label_entities('night') }}", "label", "night"),
        ("{{ device_entities('abc') }}", "device", "abc"),
        ("{{ resource('proxy.host/blog').phase }}", "resource", "proxy.host/blog"),
    ],
)
def test_names_in_templates(template: str, kind: str, value: str) -> None:
    found = named("hub.template", {"sensor": [{"state": template}]})
    assert (Kind(kind), value) in [(item.kind, item.value) for item in found if item.sure]


def test_what_only_looks_like_a_name_is_none() -> None:
    spec = {
        "alias": "light.turn_on",
        "description": "sensor.a",
        "triggers": [{"trigger": "mqtt", "topic": "sensor.a"}],
        "actions": [
            {"action": "notify.x", "data": {"message": "sensor.a", "actions": [{"action": "a.b"}]}},
            {"action": "light.turn_on", "target": {"entity_id": "all"}},
        ],
    }
    found = [(item.kind.value, item.value) for item in named("hub.automation", spec)]
    assert found == [("service", "notify.x"), ("service", "light.turn_on")]
    assert named("hub.automation", {"actions": "{{ broken"}) == []


def test_policies_of_the_recorder_name_entities_without_patterns() -> None:
    match = {"entity_globs": ["sensor.a", "sensor.*"], "areas": "kitchen", "labels": ["noise"]}
    found = named("hub.recorder_policy", {"match": match, "record": "none"})
    assert [item.value for item in found] == ["sensor.a", "kitchen", "noise"]


def test_a_rename_reaches_every_place_and_nothing_else() -> None:
    spec = {
        "alias": "light.a",
        "triggers": [{"trigger": "state", "entity_id": "light.a, light.ab"}],
        "actions": [
            "{{ states('light.a') == states.light.a.state and states('light.ab') }}",
            "{{ states.light['a'].state ~ 'my light.a_b' }}",
            {"action": "scene.apply", "data": {"entities": {"light.a": "on", "light.b": "on"}}},
            {"action": "light.turn_on", "target": {"entity_id": ["light.a", "light.b"]}},
        ],
    }
    assert renamed("hub.automation", spec, "light.a", "light.hall") == {
        "alias": "light.a",
        "triggers": [{"trigger": "state", "entity_id": "light.hall, light.ab"}],
        "actions": [
            "{{ states('light.hall') == states.light.hall.state and states('light.ab') }}",
            "{{ states.light['hall'].state ~ 'my light.a_b' }}",
            {"action": "scene.apply", "data": {"entities": {"light.hall": "on", "light.b": "on"}}},
            {"action": "light.turn_on", "target": {"entity_id": ["light.hall", "light.b"]}},
        ],
    }
    assert renamed("hub.automation", spec, "light.z", "light.y") is None
    scene = {"name": "x", "entities": {"switch.a": "on"}}
    changed = renamed("hub.scene", scene, "switch.a", "switch.b")
    assert changed == {"name": "x", "entities": {"switch.b": "on"}}


# --- in a hub

CONFIG = """hub:
  name: Test house
mqtt:
  enabled: false
demo:
  area: Workshop
automation:
  - id: from_file
    alias: From a file
    triggers:
      - trigger: state
        entity_id: switch.demo_switch
    actions:
      - action: switch.turn_off
        target:
          entity_id: switch.gone
"""


def calling(entity_id: str, action: str = "switch.turn_on") -> dict[str, Any]:
    return {
        "alias": "Mine",
        "triggers": [{"trigger": "time", "at": "07:00:00"}],
        "actions": [{"action": action, "target": {"entity_id": entity_id}}],
    }


async def furnished(make_house: MakeHouse) -> tuple[House, str]:
    house = await make_house(CONFIG)
    switch = house.hub.states.entity_ids("switch")[0]
    await house.hub.resources.put("hub.automation", "mine", calling(switch))
    await house.hub.automations.settle()
    return house, switch


async def test_dead_names_are_told_with_file_and_line(make_house: MakeHouse) -> None:
    house, switch = await furnished(make_house)
    rows = {(row["kind"], row["value"]): row for row in await house.hub.references.dead()}
    row = rows["entity", "switch.gone"]
    assert row["path"] == "actions.0.target.entity_id"
    assert row["owner"]["entity_id"] == "automation.from_a_file"
    assert row["owner"]["type"] == "automation"
    assert row["file"] == "hub.yaml"
    assert row["line"] == CONFIG.splitlines().index("          entity_id: switch.gone") + 1
    assert ("entity", switch) not in rows
    assert ("service", "switch.turn_on") not in rows


async def test_the_index_follows_resources_states_and_registries(make_house: MakeHouse) -> None:
    house, _switch = await furnished(make_house)
    hub = house.hub

    async def dead() -> set[str]:
        rows = await hub.references.dead()
        return {row["value"] for row in rows if row["owner"]["id"] == "hub.automation/mine"}

    assert await dead() == set()
    spec = calling("switch.later", "notify.nobody")
    spec["actions"].append({"action": "switch.turn_on", "target": {"area_id": "attic"}})
    await hub.resources.put("hub.automation", "mine", spec)
    assert await dead() == {"switch.later", "notify.nobody", "attic"}
    hub.states.set("switch.later", "on")
    hub.areas.create("Attic")
    hub.services.register("notify", "nobody", lambda _call: None)
    assert await dead() == set()
    hub.areas.delete("attic")
    assert await dead() == {"attic"}
    await hub.resources.delete("hub.automation", "mine")
    assert await dead() == set()


async def test_a_rename_writes_what_is_the_apis_and_refuses_what_is_a_files(
    make_house: MakeHouse,
) -> None:
    house, switch = await furnished(make_house)
    hub, context = house.hub, Context()
    await hub.auth.policies.put(
        "some", [{"effect": "allow", "verbs": ["control"], "entity": switch}]
    )
    scene = {"name": "Evening", "entities": {switch: "on"}}
    await hub.resources.put("hub.scene", "evening", scene)
    new = "switch.renamed"
    tried = await hub.references.rename(switch, new, context, dry_run=True)
    assert hub.resources.get("hub.automation", "mine").revision == 1
    done = await hub.references.rename(switch, new, context)
    assert done == tried
    assert {(row["id"], row["path"]) for row in done["changed"]} == {
        ("hub.automation/mine", "actions.0.target.entity_id"),
        ("hub.scene/evening", f"entities.{switch}"),
        ("some", "rules.0.entity.0"),
    }
    (refused,) = await _refused(hub, switch, new)
    assert refused["file"] == "hub.yaml"
    assert refused["line"] == 12
    assert new in refused["reason"]
    written = hub.resources.get("hub.automation", "mine")
    assert written.revision == 2
    assert written.spec["actions"][0]["target"]["entity_id"] == new
    (revision, *_) = await hub.resources.history("hub.automation", "mine")
    assert revision.note == f"{switch} is called {new} now"
    policy = hub.auth.policies.get("some")
    assert policy is not None
    assert policy.rules[0].select["entity"] == (new,)


async def _refused(hub: Any, old: str, new: str) -> list[dict[str, Any]]:
    """Name the old id in the file's automation, and try to rename it."""
    assert "switch.demo_switch" in CONFIG
    found = await hub.references.rename("switch.demo_switch", new, Context(), dry_run=True)
    return [row for row in found["refused"] if row["id"] == "hub.automation/from_file"]


async def test_bad_ids_are_refused(make_house: MakeHouse) -> None:
    house, switch = await furnished(make_house)
    with pytest.raises(InvalidFormat, match="not an entity id"):
        await house.hub.references.rename(switch, "no id", Context())
    with pytest.raises(InvalidFormat, match="called already"):
        await house.hub.references.rename(switch, switch, Context())
    with pytest.raises(InvalidFormat, match="not an entity id"):
        await house.hub.references.of("nothing")


async def test_a_rename_that_one_resource_refuses_changes_none(make_house: MakeHouse) -> None:
    """A scene can not set every domain; the automation beside it must stay as it is."""
    house, switch = await furnished(make_house)
    hub = house.hub
    await hub.resources.put("hub.scene", "evening", {"name": "x", "entities": {switch: "on"}})
    for dry_run in (True, False):
        with pytest.raises(InvalidSpec, match=r"can not set camera\.new"):
            await hub.references.rename(switch, "camera.new", Context(), dry_run=dry_run)
    assert hub.resources.get("hub.automation", "mine").revision == 1
    assert hub.resources.get("hub.scene", "evening").revision == 1
    assert len(await hub.references.of(switch)) == 2


async def test_a_policy_that_can_not_be_written_is_told(
    make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, switch = await furnished(make_house)
    hub = house.hub
    await hub.auth.policies.put(
        "some", [{"effect": "allow", "verbs": ["control"], "entity": switch}]
    )

    async def fail(*_given: Any) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(hub.auth.policies, "put", fail)
    found = await hub.references.rename(switch, "switch.new", Context())
    assert [row["id"] for row in found["changed"]] == ["hub.automation/mine"]
    assert [(row["id"], row["reason"]) for row in found["refused"]] == [
        ("some", "the disk is full")
    ]


async def test_what_one_may_not_read_does_not_exist(make_house: MakeHouse) -> None:
    house, switch = await furnished(make_house)
    auth = house.hub.auth
    hide = [{"effect": "deny", "verbs": ["read"], "entity": switch}]
    await auth.policies.put("hide", hide)
    user = await auth.users.create("Some", role=Role.VIEWER, policies=["hide"])
    with pytest.raises(NotFound):
        await house.hub.references.of(switch, user)
    with pytest.raises(NotFound):
        await house.hub.references.rename(switch, "switch.x", Context(), user)
    viewer = await auth.users.create("Viewer", role=Role.VIEWER)
    seen = [row["owner"]["type"] for row in await house.hub.references.of(switch, viewer)]
    assert "policy" not in seen
    found = await house.hub.references.rename(switch, "switch.x", Context(), viewer)
    assert not found["changed"]
    assert {row["reason"] for row in found["refused"]} == {"you may not change it"}
    resources = [{"effect": "deny", "verbs": ["read"], "resource_type": "hub.automation"}]
    await auth.policies.put("blind", resources)
    blind = await auth.users.create("Blind", role=Role.VIEWER, policies=["blind"])
    assert await house.hub.references.of(switch, blind) == []
    assert await house.hub.references.dead(blind) == []


async def test_both_doors(make_house: MakeHouse) -> None:
    house, switch = await furnished(make_house)
    client = await house.connect()
    dead = (await client.call(type="references/dead"))["result"]
    assert dead == await (await house.request("GET", "/api/references")).json()
    of = (await client.call(type="references/of", entity_id=switch))["result"]
    assert of == await (await house.request("GET", f"/api/references/{switch}")).json()
    assert [row["owner"]["id"] for row in of] == ["hub.automation/mine"]
    names = {"old_entity_id": switch, "new_entity_id": "switch.other"}
    tried = await client.call(type="references/rename", dry_run=True, **names)
    assert tried["result"]["changed"] == [
        {"id": "hub.automation/mine", "path": "actions.0.target.entity_id"}
    ]
    done = await (await house.request("POST", "/api/references/rename", json=names)).json()
    assert done == tried["result"]


async def test_the_example_of_the_page(make_house: MakeHouse) -> None:
    text = (Path(__file__).parents[3] / "docs/references.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    indented = example.replace("\n", "\n  ").rstrip()
    house = await make_house(f"mqtt:\n  enabled: false\nautomation:\n  {indented}\n")
    rows = await house.hub.references.dead()
    told = [line.split() for line in text.partition("MISSING")[2].splitlines()[1:7]][:5]
    found = [(row["kind"], row["value"], row["path"]) for row in rows]
    assert found == [(line[0], line[1], line[-1]) for line in told]
    # The page counts the lines of automations.yaml; here the text lies three lines further down.
    lines = [int(line[3].rpartition(":")[2]) for line in told]
    assert [row["line"] - 3 for row in rows] == lines
