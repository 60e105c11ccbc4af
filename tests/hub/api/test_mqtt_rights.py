"""Whose rights commands have: a role's or a user's, on a real house."""

from typing import Any

import pytest

from hub.auth import Role
from hub.config.settings import MqttSettings
from hub.mqtt.commands import Commands
from hub.mqtt.link import Message
from hub.mqtt.rights import CommandRights
from hub.mqtt.topics import Topics
from hub.util.json import loads
from tests.peers.house import House
from tests.peers.ports import wait_until

KITCHEN = [{"effect": "allow", "verbs": ["control"], "area": ["kitchen"]}]


async def send(house: House, settings: MqttSettings, entity_id: str, payload: bytes) -> str:
    """Send a command; return the code of its refusal, empty when it was done."""
    refusals: list[Any] = []
    commands = Commands(
        house.hub,
        Topics(settings),
        lambda _topic, body: refusals.append(loads(body)),
        CommandRights(house.hub, settings),
    )
    topic = f"hub/home/{entity_id.replace('.', '/')}/set"
    assert commands.receive(Message(topic, payload, False))
    await wait_until(lambda: commands.executed + commands.refused == 1)
    return str(refusals[0]["code"]) if refusals else ""


@pytest.fixture
def switch(house: House) -> str:
    """The switch of the demo, off."""
    return next(iter(house.hub.states.entity_ids("switch")))


@pytest.mark.parametrize(
    ("role", "code"), [("operator", ""), ("admin", ""), ("viewer", "unauthorized")]
)
async def test_a_role_for_all_commands(house: House, switch: str, role: str, code: str) -> None:
    before = house.hub.states.get(switch).state
    assert await send(house, MqttSettings(commands_role=role), switch, b"toggle") == code
    changed = house.hub.states.get(switch).state != before
    assert changed is (code == "")
    await house.hub.audit.flush()
    rows = await house.hub.audit.query(action="denied")
    assert len(rows) == (1 if code else 0)


async def test_services_for_administrators_are_closed_to_an_operator(
    house: House, switch: str
) -> None:
    calls: list[Any] = []
    services = house.hub.services
    services.remove("switch", "turn_on")
    services.register("switch", "turn_on", calls.append, admin=True, needs_target=True)
    assert await send(house, MqttSettings(), switch, b"on") == "unauthorized"
    assert await send(house, MqttSettings(commands_role="admin"), switch, b"on") == ""
    services.remove("switch", "turn_on")
    services.register("switch", "turn_on", calls.append)
    assert await send(house, MqttSettings(), switch, b"on") == "unauthorized"
    assert len(calls) == 1


async def test_commands_with_the_rights_of_one_user(house: House, switch: str) -> None:
    hub, auth = house.hub, house.hub.auth
    settings = MqttSettings(user="Panel", commands_role="admin")
    assert await send(house, settings, switch, b"on") == "unauthorized"
    await auth.policies.put("kitchen", KITCHEN)
    user = await auth.users.create(
        "Panel", role=Role.VIEWER, policies=["kitchen"], credentials=("panel", "a long password")
    )
    assert await send(house, settings, switch, b"on") == "unauthorized"
    hub.areas.create(name="Kitchen")
    hub.entity_registry.update(switch, area_id="kitchen")
    assert await send(house, settings, switch, b"on") == ""
    assert hub.states.get(switch).state == "on"
    assert hub.states.get(switch).context.user_id == user.id
    await auth.users.update(user.id, is_active=False)
    assert await send(house, settings, switch, b"off") == "unauthorized"
    assert hub.states.get(switch).state == "on"


async def test_areas_lead_to_what_a_user_may_control(house: House, switch: str) -> None:
    """The entities' own services filter what is not named, as the generic ones do."""
    hub, auth = house.hub, house.hub.auth
    rules = [{"effect": "allow", "verbs": ["control"], "entity": [switch]}]
    await auth.policies.put("one", rules)
    user = await auth.users.create("Panel", role=Role.VIEWER, policies=["one"])
    client = await house.connect(await auth.tokens.create_long_lived(user, "tests", 1))
    hub.areas.create(name="Attic")
    climate = next(iter(hub.states.entity_ids("climate")))
    for entity_id in (switch, climate):
        hub.entity_registry.update(entity_id, area_id="attic")

    async def call(name: str, target: Any, **data: Any) -> str:
        domain, service = name.split(".")
        answer = await client.call(
            type="call_service", domain=domain, service=service, target=target, service_data=data
        )
        return "" if answer["success"] else str(answer["error"]["code"])

    assert await call("switch.turn_on", {"area_id": "attic"}) == ""
    assert hub.states.get(switch).state == "on"
    assert await call("homeassistant.turn_off", {"area_id": "attic"}) == ""
    assert hub.states.get(switch).state == "off"
    before = hub.states.get(climate)
    assert await call("climate.set_temperature", {"area_id": "attic"}, temperature=23) == (
        "unauthorized"
    )
    assert await call("climate.set_temperature", {"entity_id": "all"}, temperature=23) == (
        "unauthorized"
    )
    assert await call("switch.turn_on", {"entity_id": [switch, "switch.other"]}) == "unauthorized"
    assert hub.states.get(switch).state == "off"
    assert hub.states.get(climate).attributes == before.attributes
