"""Automations in a hub: resources, entities, owners, restarts."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hub.auth import Role
from hub.events import Context, Event
from hub.hub import Hub
from hub.resources.errors import FileOwned, InvalidSpec
from tests.peers.house import CONFIG, House, MakeHouse

GO = [{"trigger": "event", "event_type": "go"}]


def fires(alias: str = "Test", **more: Any) -> dict[str, Any]:
    """An automation that answers `go` by the event `gone`."""
    return {"alias": alias, "triggers": GO, "actions": [{"event": "gone"}], **more}


def gone(hub: Hub) -> list[Event]:
    """Collect the answers from now on."""
    found: list[Event] = []
    hub.bus.listen("gone", found.append)
    return found


async def until(condition: Callable[[], Any]) -> None:
    """Wait for what comes with the next turns of the loop or the next look at files."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


async def put(hub: Hub, key: str, spec: dict[str, Any], user_id: str | None = None) -> None:
    await hub.resources.put("hub.automation", key, spec, context=Context(user_id))
    await hub.automations.settle()


async def test_a_resource_becomes_an_automation(house: House) -> None:
    hub = house.hub
    heard = gone(hub)
    await put(hub, "test", fires("My test", id="own"))
    state = hub.states.get("automation.my_test")
    assert state is not None
    assert state.state == "on"
    assert state.attributes["id"] == "own"
    assert state.attributes["friendly_name"] == "My test"
    hub.bus.fire("go")
    assert len(heard) == 1
    stored = hub.resources.get("hub.automation", "test").spec
    assert stored == fires("My test", id="own"), "it is kept as it was written"


async def test_changes_hold_at_once_and_can_be_rolled_back(house: House) -> None:
    hub = house.hub
    heard = gone(hub)
    await put(hub, "test", fires())
    await put(hub, "test", {**fires(), "triggers": [{"trigger": "event", "event_type": "other"}]})
    hub.bus.fire("go")
    assert heard == []
    await hub.resources.rollback("hub.automation", "test", 1)
    await hub.automations.settle()
    hub.bus.fire("go")
    assert len(heard) == 1
    await hub.resources.delete("hub.automation", "test")
    await hub.automations.settle()
    hub.bus.fire("go")
    assert len(heard) == 1
    assert hub.states.get("automation.test") is None


async def test_an_edited_automation_stays_the_same_entity(house: House) -> None:
    hub = house.hub
    await put(hub, "test", fires())
    hub.bus.fire("go")
    seen: list[str | None] = []
    hub.states.listen(
        lambda _old, new: seen.append(None if new is None else new.state), ["automation.test"]
    )
    await put(hub, "test", fires(description="More"))
    assert None not in seen
    state = hub.states.get("automation.test")
    assert state is not None
    assert state.attributes["last_triggered"] is not None
    assert len(hub.automations.get("automation.test").traces) == 1
    await put(hub, "test", fires("Other"))
    state = hub.states.get("automation.test")
    assert state is not None
    assert state.attributes["friendly_name"] == "Other"


async def test_a_mistake_is_refused_with_its_path(house: House) -> None:
    with pytest.raises(InvalidSpec) as caught:
        await put(house.hub, "test", {**fires(), "actions": [{"delay": "soon"}]})
    assert "actions.0.delay" in str(caught.value)


async def test_services_of_automations(house: House) -> None:
    hub = house.hub
    heard = gone(hub)
    await put(hub, "test", fires(conditions=["{{ false }}"]))
    target = {"entity_id": "automation.test"}
    call = hub.services.call
    await call("automation", "trigger", {}, target)
    assert len(heard) == 1
    await call("automation", "trigger", {"skip_condition": False}, target)
    assert len(heard) == 1
    await call("automation", "turn_off", {}, target)
    state = hub.states.get("automation.test")
    assert state is not None
    assert state.state == "off"
    await call("automation", "toggle", {}, target)
    await call("automation", "set_dry_run", {"dry_run": True}, target)
    await call("automation", "trigger", {}, target)
    assert len(heard) == 1, "a rehearsal fires nothing"
    state = hub.states.get("automation.test")
    assert state is not None
    assert state.attributes["dry_run"] is True


async def test_switches_are_kept_over_a_restart(make_house: MakeHouse) -> None:
    first = await make_house()
    await put(first.hub, "test", fires())
    target = {"entity_id": "automation.test"}
    await first.hub.services.call("automation", "turn_off", {}, target)
    await first.hub.services.call("automation", "set_dry_run", {"dry_run": True}, target)
    second = await make_house(after=first)
    state = second.hub.states.get("automation.test")
    assert state is not None
    assert (state.state, state.attributes.get("dry_run")) == ("off", True)


async def test_scripts_are_services(house: House) -> None:
    hub = house.hub
    spec = {
        "alias": "Greet",
        "fields": {"name": {"required": True, "selector": {"text": {}}}},
        "sequence": [
            {"variables": {"answer": {"text": "Hello {{ name }}"}}},
            {"stop": "", "response_variable": "answer"},
        ],
    }
    await hub.resources.put("hub.script", "greet", spec)
    await hub.automations.settle()
    client = await house.connect()
    answer = await client.call(
        type="call_service",
        domain="script",
        service="greet",
        service_data={"name": "Anna"},
        return_response=True,
    )
    assert answer["result"]["response"] == {"text": "Hello Anna"}
    assert hub.services.describe()["script"]["greet"]["fields"]["name"]["required"] is True
    await hub.resources.delete("hub.script", "greet")
    await hub.automations.settle()
    assert not hub.services.has("script", "greet")


async def test_actions_have_the_rights_of_the_owner(house: House) -> None:
    hub = house.hub
    viewer = await hub.auth.users.create("Anna", role=Role.VIEWER)
    lamp = hub.states.entity_ids("switch")[0]
    acts = {
        "alias": "Test",
        "triggers": GO,
        "actions": [{"action": "switch.toggle", "target": {"entity_id": lamp}}],
    }
    before = hub.states.get(lamp)
    assert before is not None
    await put(hub, "test", acts)
    item = hub.automations.get("automation.test")
    item.owner = viewer.id
    hub.bus.fire("go")
    await until(lambda: item.traces and item.traces[-1].finish is not None)
    assert item.traces[-1].execution == "error"
    after = hub.states.get(lamp)
    assert after is not None
    assert after.state == before.state
    item.owner = None
    hub.bus.fire("go")
    await until(lambda: hub.states.get(lamp).state != before.state)  # type: ignore[union-attr]


async def test_the_owner_is_who_wrote_the_revision(house: House) -> None:
    hub = house.hub
    owner = hub.auth.users.all()[0]
    await put(hub, "test", fires(), owner.id)
    assert hub.automations.get("automation.test").owner == owner.id


YAML = """\
- id: one
  alias: One
  trigger:
    platform: event
    event_type: go
  action:
    event: gone
"""


async def test_home_assistant_files(make_house: MakeHouse) -> None:
    house = await make_house(
        CONFIG + "automation: !include automations.yaml\n", files={"automations.yaml": YAML}
    )
    file = house.folder / "config" / "automations.yaml"
    hub = house.hub
    heard = gone(hub)
    hub.bus.fire("go")
    assert len(heard) == 1
    with pytest.raises(FileOwned, match=r"automations\.yaml:1"):
        await hub.resources.put("hub.automation", "one", fires())
    file.write_text(YAML.replace("event: gone", "evnt: gone"))
    await hub.services.call("automation", "reload")
    hub.bus.fire("go")
    assert len(heard) == 2, "what was applied before stays"
    assert hub.resources.files is not None
    assert "automations.yaml:6" in str(hub.resources.files.problems[0])
    file.write_text("[]\n")
    await until(lambda: hub.states.get("automation.one") is None)
    hub.bus.fire("go")
    assert len(heard) == 2
