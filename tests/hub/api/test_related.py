"""search/related: what has to do with what, as far as the user may know."""

from typing import Any

import pytest

from hub.auth import Role
from tests.peers.house import Client, House, MakeHouse

CONFIG = """
mqtt: {enabled: false}
demo: {area: Workshop}
input_boolean:
  motion:
automation:
  - id: hall
    alias: Hall
    triggers:
      - {trigger: state, entity_id: input_boolean.motion}
    actions:
      - action: switch.turn_on
        target: {entity_id: switch.demo_lamp}
      - action: script.beep
      - action: scene.turn_on
        target: {entity_id: scene.film}
script:
  beep:
    sequence:
      - action: input_boolean.toggle
        target: {entity_id: input_boolean.motion}
scene:
  - name: Film
    entities:
      switch.demo_lamp: on
"""


@pytest.fixture
async def client(make_house: MakeHouse) -> Client:
    return await (await make_house(CONFIG)).connect()


async def related(client: Client, item_type: str, item_id: str, **more: Any) -> Any:
    answer = await client.call(type="search/related", item_type=item_type, item_id=item_id, **more)
    assert answer["success"], answer
    return answer["result"]


async def test_an_automation(client: Client) -> None:
    found = await related(client, "automation", "automation.hall")
    assert found["entity"] == ["input_boolean.motion", "switch.demo_lamp"]
    assert found["script"] == ["script.beep"]
    assert found["scene"] == ["scene.film"]
    assert len(found["device"]) == 1
    assert found["area"] == ["workshop"]
    assert "automation" not in found
    assert await related(client, "entity", "automation.hall") == {
        **found,
        "integration": found["integration"],
    }


async def test_an_entity_and_its_places(client: Client) -> None:
    found = await related(client, "entity", "switch.demo_lamp")
    assert found["automation"] == ["automation.hall"]
    assert found["scene"] == ["scene.film"]
    assert found["area"] == ["workshop"]
    assert found["integration"] == ["demo"]
    (device,) = found["device"]
    by_device = await related(client, "device", device)
    assert "switch.demo_lamp" in by_device["entity"]
    assert by_device["automation"] == ["automation.hall"]
    assert by_device["area"] == ["workshop"]
    by_area = await related(client, "area", "workshop")
    assert device in by_area["device"]
    assert by_area["scene"] == ["scene.film"]
    by_integration = await related(client, "integration", "demo")
    assert device in by_integration["device"]


async def test_scripts_and_scenes(client: Client) -> None:
    found = await related(client, "script", "script.beep")
    assert found["automation"] == ["automation.hall"]
    assert found["entity"] == ["input_boolean.motion"]
    found = await related(client, "scene", "scene.film")
    assert found["automation"] == ["automation.hall"]
    assert found["entity"] == ["switch.demo_lamp"]


async def test_labels_and_floors(make_house: MakeHouse) -> None:
    house = await make_house(CONFIG)
    client = await house.connect()
    floor = house.hub.floors.create(name="Ground")
    house.hub.areas.update("workshop", floor_id=floor.floor_id)
    label = house.hub.labels.create(name="Loud")
    house.hub.entity_registry.update("input_boolean.motion", labels=[label.label_id])
    found = await related(client, "floor", "ground")
    assert found["area"] == ["workshop"]
    assert "switch.demo_lamp" in found["entity"]
    assert (await related(client, "entity", "switch.demo_lamp"))["floor"] == ["ground"]
    found = await related(client, "label", "loud")
    assert found["entity"] == ["input_boolean.motion"]
    assert found["automation"] == ["automation.hall"]
    assert found["script"] == ["script.beep"]


async def test_what_does_not_exist_has_nothing_to_do_with_anything(client: Client) -> None:
    for item_type, item_id in (
        ("entity", "switch.gone"),
        ("automation", "switch.demo_lamp"),
        ("device", "x"),
        ("area", "x"),
        ("person", "x"),
        ("config_entry", "x"),
        ("automation_blueprint", "x.yaml"),
    ):
        assert await related(client, item_type, item_id) == {}
    answer = await client.call(type="search/related", item_type="moon", item_id="x")
    assert answer["error"]["code"] == "invalid_format"


async def test_blueprints(make_house: MakeHouse) -> None:
    use = "    use_blueprint: {path: follow.yaml}\n"
    house: House = await make_house(f"mqtt: {{enabled: false}}\n{_AUTOMATION}{use}")
    folder = house.hub.config_dir / "blueprints" / "automation"
    folder.mkdir(parents=True)
    (folder / "follow.yaml").write_text(_BLUEPRINT)
    await house.hub.services.call("automation", "reload")
    client = await house.connect()
    found = await related(client, "automation_blueprint", "follow.yaml")
    assert found == {"automation": ["automation.user"]}
    found = await related(client, "automation", "automation.user")
    assert found["automation_blueprint"] == ["follow.yaml"]


_AUTOMATION = "automation:\n  - id: user\n    alias: User\n"
_BLUEPRINT = "blueprint: {name: F, domain: automation}\ntriggers: []\nactions: []\n"


async def test_only_what_may_be_read(make_house: MakeHouse) -> None:
    house = await make_house(CONFIG)
    auth = house.hub.auth
    await auth.policies.put(
        "blind",
        [
            {"effect": "deny", "verbs": ["read"], "entity": ["switch.*"]},
            {"effect": "deny", "verbs": ["read"], "resource_type": ["hub.scene"]},
        ],
    )
    user = await auth.users.create("Blind", role=Role.ADMIN, policies=["blind"])
    client = await house.connect(await auth.tokens.create_long_lived(user, "tests", 1))
    assert await related(client, "entity", "switch.demo_lamp") == {}
    found = await related(client, "automation", "automation.hall")
    assert found["entity"] == ["input_boolean.motion"]
    assert "device" not in found
