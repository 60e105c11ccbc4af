"""Scenes in a running hub: activation, services, what fails, what a restart leaves."""

from typing import Any

import pytest

from hub.auth import Role
from hub.automation.scenes.apply import SceneIncomplete
from hub.errors import InvalidFormat, ServiceValidationError, Unauthorized
from hub.events import ALL, Context, Event
from hub.resources import InvalidSpec
from hub.states import State
from tests.peers.house import House, MakeHouse

CONFIG = """
mqtt: {enabled: false}
demo: {area: Workshop}
input_boolean:
  film:
input_number:
  level: {min: 0, max: 10}
input_select:
  mode: {options: [day, night]}
scene:
  - id: "1700000000000"
    name: Film Night
    icon: mdi:movie
    entities:
      switch.demo_lamp: on
      input_boolean.film: {state: on}
      input_number.level: 7.5
      input_select.mode: {state: night, options: [day, night], friendly_name: Mode}
      climate.demo_zone: {state: cool, temperature: 20.5}
"""
FILM = "scene.film_night"


@pytest.fixture
async def home(make_house: MakeHouse) -> House:
    return await make_house(CONFIG)


def state(house: House, entity_id: str) -> State:
    found = house.hub.states.get(entity_id)
    assert found is not None, entity_id
    return found


async def call(house: House, name: str, data: Any = None, context: Context | None = None) -> None:
    domain, _, service = name.partition(".")
    await house.hub.services.call(domain, service, data or {}, None, context)


async def test_activation_sets_only_what_differs(home: House) -> None:
    before = state(home, FILM)
    assert before.state == "unknown"
    assert before.attributes["entity_id"] == [
        "switch.demo_lamp",
        "input_boolean.film",
        "input_number.level",
        "input_select.mode",
        "climate.demo_zone",
    ]
    assert before.attributes["id"] == "1700000000000"
    assert before.attributes["icon"] == "mdi:movie"
    calls: list[Event] = []
    home.hub.bus.listen("call_service", calls.append)
    await call(home, "scene.turn_on", {"entity_id": FILM, "transition": 2})
    assert state(home, FILM).state.startswith("20")
    assert [state(home, name).state for name in before.attributes["entity_id"]] == [
        "on",
        "on",
        "7.5",
        "night",
        "cool",
    ]
    assert state(home, "climate.demo_zone").attributes["temperature"] == 20.5
    calls.clear()
    await call(home, "scene.turn_on", {"entity_id": FILM})
    assert [event.data["service"] for event in calls] == ["turn_on"]


async def test_an_edit_and_a_removal(home: House) -> None:
    spec = {"name": "Evening", "entities": {"input_boolean.film": "off"}}
    await home.hub.resources.put("hub.scene", "evening", spec)
    await home.hub.scenes.settle()
    assert state(home, "scene.evening").attributes["id"] == "evening"
    spec = {"name": "Late", "entities": {"input_boolean.film": "on"}}
    await home.hub.resources.put("hub.scene", "evening", spec)
    await home.hub.scenes.settle()
    assert state(home, "scene.evening").attributes["friendly_name"] == "Late"
    await call(home, "scene.turn_on", {"entity_id": "scene.evening"})
    assert state(home, "input_boolean.film").state == "on"
    await home.hub.resources.delete("hub.scene", "evening")
    await home.hub.scenes.settle()
    assert home.hub.states.get("scene.evening") is None
    assert home.hub.entity_registry.get("scene.evening") is None


async def test_apply(home: House) -> None:
    await call(
        home, "scene.apply", {"entities": {"input_number.level": 3, "switch.demo_lamp": True}}
    )
    assert state(home, "input_number.level").state == "3.0"
    assert state(home, "switch.demo_lamp").state == "on"
    for wrong, why in (
        ({}, "expected a mapping"),
        ({"sensor.a": "on"}, "can not set sensor.a; it can set automation, climate"),
        ({"switch.a": "open"}, "expected one of on, off"),
        ({"switch.a": {}}, "state is missing"),
        ({"input_number.level": "high"}, "expected a number"),
    ):
        with pytest.raises(InvalidFormat, match=why):
            await call(home, "scene.apply", {"entities": wrong})


async def test_what_fails_is_told_and_the_rest_is_set(home: House) -> None:
    wishes = {
        "switch.gone": "on",
        "input_number.level": 70,
        "input_boolean.film": "on",
    }
    with pytest.raises(SceneIncomplete) as raised:
        await call(home, "scene.apply", {"entities": wishes})
    assert raised.value.message.startswith("scene.apply: 2 of 3 entities were not set: ")
    assert "switch.gone: there is no such entity" in raised.value.message
    assert "range 0.0 - 10.0" in raised.value.message
    assert state(home, "input_boolean.film").state == "on"


async def test_snapshots(home: House) -> None:
    await call(home, "scene.apply", {"entities": {"input_number.level": 4}})
    data = {
        "scene_id": "before",
        "snapshot_entities": ["input_number.level", "climate.demo_zone"],
        "entities": {"input_boolean.film": "off"},
    }
    await call(home, "scene.create", data)
    climate = state(home, "climate.demo_zone")
    await call(home, "scene.turn_on", {"entity_id": FILM})
    assert state(home, "climate.demo_zone").state != climate.state
    await call(home, "scene.turn_on", {"entity_id": "scene.before"})
    assert state(home, "input_number.level").state == "4.0"
    assert state(home, "input_boolean.film").state == "off"
    again = state(home, "climate.demo_zone")
    assert (again.state, again.attributes["temperature"]) == (
        climate.state,
        climate.attributes["temperature"],
    )
    await call(
        home, "scene.create", {"scene_id": "before", "entities": {"input_boolean.film": "on"}}
    )
    assert state(home, "scene.before").attributes["entity_id"] == ["input_boolean.film"]
    await call(home, "scene.delete", {"entity_id": "scene.before"})
    assert home.hub.states.get("scene.before") is None
    assert home.hub.entity_registry.get("scene.before") is None


async def test_mistakes_of_create_and_delete(home: House) -> None:
    for data, why in (
        ({"scene_id": "x"}, "give entities or snapshot_entities"),
        ({"scene_id": "X y", "entities": {"switch.a": "on"}}, "scene_id"),
    ):
        with pytest.raises(InvalidFormat, match=why):
            await call(home, "scene.create", data)
    for data, why in (
        ({"scene_id": "film_night", "entities": {"switch.a": "on"}}, "exists already"),
        ({"scene_id": "x", "snapshot_entities": "switch.gone"}, "switch.gone does not exist"),
        ({"scene_id": "x", "snapshot_entities": "sensor.demo_power"}, "sensor.demo_power"),
    ):
        with pytest.raises(ServiceValidationError, match=why):
            await call(home, "scene.create", data)
    for name, why in ((FILM, "was not made by scene.create"), ("scene.gone", "There is no scene")):
        with pytest.raises(ServiceValidationError, match=why):
            await call(home, "scene.delete", {"entity_id": name})


async def test_a_scene_acts_with_the_rights_of_its_caller(home: House) -> None:
    """Who may not control an entity can not do so through a scene that names it."""
    auth = home.hub.auth
    rule = {"effect": "deny", "verbs": ["control"], "entity": ["switch.*", "climate.*"]}
    await auth.policies.put("no_switches", [rule])
    guest = await auth.users.create("Guest", role=Role.OPERATOR, policies=["no_switches"])
    context = Context(guest.id)
    with pytest.raises(SceneIncomplete, match="2 of 5"):
        await call(home, "scene.turn_on", {"entity_id": FILM}, context)
    assert state(home, "switch.demo_lamp").state == "off"
    assert state(home, "input_boolean.film").state == "on"
    with pytest.raises(Unauthorized):
        await call(home, "scene.apply", {"entities": {"switch.demo_lamp": "on"}}, context)
    data = {"scene_id": "spy", "snapshot_entities": ["switch.demo_lamp"]}
    with pytest.raises(Unauthorized):
        await call(home, "scene.create", data, context)
    viewer = await auth.users.create("Viewer", role=Role.VIEWER)
    with pytest.raises(Unauthorized):
        await call(home, "scene.turn_on", {"entity_id": FILM}, Context(viewer.id))


async def test_states_carry_the_context_of_the_call(home: House) -> None:
    context = Context()
    await call(home, "scene.turn_on", {"entity_id": FILM}, context)
    assert state(home, FILM).context.id == context.id
    assert state(home, "input_boolean.film").context.id == context.id


async def test_reload_reads_the_file(home: House) -> None:
    path = home.hub.config_dir / "hub.yaml"
    path.write_text(path.read_text().replace("Film Night", "Cinema").replace("7.5", "8.5"))
    seen: list[Event] = []
    home.hub.bus.listen(ALL, seen.append)
    await call(home, "scene.reload")
    assert state(home, FILM).attributes["friendly_name"] == "Cinema"
    assert "scene_reloaded" in [event.type for event in seen]
    await call(home, "scene.turn_on", {"entity_id": FILM})
    assert state(home, "input_number.level").state == "8.5"


@pytest.mark.parametrize(
    ("entities", "path", "why"),
    [
        ({"light.a": "on"}, "entities.light.a", "a scene can not set light.a"),
        ({"switch.a": {"state": 5}}, "entities.switch.a.state", "expected one of on, off"),
        ({"nonsense": "on"}, "entities.nonsense", "expected an entity id"),
        (
            {"climate.a": {"state": "heat", "temperature": "warm"}},
            "entities.climate.a.state",
            "temp",
        ),
        ({"input_datetime.a": "soon"}, "entities.input_datetime.a", "expected a date"),
        ({"counter.a": 1.5}, "entities.counter.a", "expected a whole number"),
        ([], "entities", "expected a mapping"),
    ],
    ids=["kind", "state", "id", "temperature", "moment", "count", "list"],
)
async def test_a_mistake_is_told_with_its_path(entities: Any, path: str, why: str) -> None:
    from hub.resources.catalogue import Catalogue
    from hub.resources.specs import normal

    with pytest.raises(InvalidSpec) as raised:
        normal(Catalogue(), "hub.scene", "x", {"name": "X", "entities": entities})
    assert [problem["path"] for problem in raised.value.problems] == [path]
    assert why in raised.value.problems[0]["message"]
