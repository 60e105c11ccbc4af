"""What a user sees and may call: narrowed by policies, also while they change."""

from typing import Any

import pytest
import voluptuous as vol

from hub.auth import Role
from hub.jobs import Job
from hub.resources import ResourceType
from hub.services import Target
from tests.peers.house import Client, House

SEES_ONLY_KITCHEN = [
    {"effect": "deny", "verbs": ["read"], "except": [{"area": "kitchen"}, {"domain": "sun"}]}
]


async def guest(house: House, rules: Any, role: Role = Role.OPERATOR) -> tuple[Any, str]:
    """Make a user whom one policy concerns."""
    auth = house.hub.auth
    await auth.policies.put("guest", rules)
    user = await auth.users.create("Guest", role=role, policies=["guest"])
    return user, await auth.tokens.create_long_lived(user, "tests", 1)


@pytest.fixture
async def kitchen(house: House) -> House:
    """A house with a lamp and a blind in the kitchen and a lamp elsewhere, none of them real."""
    hub = house.hub
    hub.areas.create(name="Kitchen")
    hub.labels.create(name="Warm")
    for unique, area in (("cooker", "kitchen"), ("bed", None)):
        entry = hub.entity_registry.get_or_create(
            "light", "probe", unique, suggested_object_id=unique
        )
        hub.entity_registry.update(entry.entity_id, area_id=area)
        hub.states.set(entry.entity_id, "off")
    hub.states.set("sun.sun", "above_horizon")
    return house


async def entities(client: Client) -> set[str]:
    return {state["entity_id"] for state in (await client.call(type="get_states"))["result"]}


async def test_lists_show_what_may_be_read(kitchen: House) -> None:
    _, token = await guest(kitchen, SEES_ONLY_KITCHEN)
    client = await kitchen.connect(token)
    headers = {"Authorization": f"Bearer {token}"}
    assert await entities(client) == {"light.cooker", "sun.sun"}
    answer = await kitchen.request("GET", "/api/states", headers=headers)
    assert {state["entity_id"] for state in await answer.json()} == {"light.cooker", "sun.sun"}
    for entity_id, status in (("light.cooker", 200), ("light.bed", 404), ("light.nope", 404)):
        path = f"/api/states/{entity_id}"
        assert (await kitchen.request("GET", path, headers=headers)).status == status
        full = {**headers, "Origin": "http://elsewhere"}  # not the quick path
        assert (await kitchen.request("GET", path, headers=full)).status == status
    listed = (await client.call(type="config/entity_registry/list"))["result"]
    assert [entry["entity_id"] for entry in listed] == ["light.cooker"]
    shown = (await client.call(type="config/entity_registry/list_for_display"))["result"]
    assert [entry["ei"] for entry in shown["entities"]] == ["light.cooker"]
    both = ["light.cooker", "light.bed"]
    found = await client.call(type="config/entity_registry/get_entries", entity_ids=both)
    assert found["result"]["light.bed"] is None
    one = await client.call(type="config/entity_registry/get", entity_id="light.bed")
    assert one["error"]["code"] == "not_found"
    target = await client.call(type="extract_from_target", target={"entity_id": both})
    assert target["result"]["referenced_entities"] == ["light.cooker"]
    assert (await client.call(type="entity/source"))["result"] == {}
    devices = (await client.call(type="config/device_registry/list"))["result"]
    whole = (await (await kitchen.connect()).call(type="config/device_registry/list"))["result"]
    assert whole != []
    assert devices == []


async def test_a_stream_follows_entities_that_move(kitchen: House) -> None:
    _, token = await guest(kitchen, SEES_ONLY_KITCHEN)
    client = await kitchen.connect(token)
    registry, states = kitchen.hub.entity_registry, kitchen.hub.states
    await client.call(type="subscribe_entities")
    assert set((await client.receive())["event"]["a"]) == {"light.cooker", "sun.sun"}
    states.set("light.bed", "on")
    states.set("light.cooker", "on")
    assert set((await client.receive())["event"]["c"]) == {"light.cooker"}
    registry.update("light.bed", area_id="kitchen")
    assert list((await client.receive())["event"]["a"]) == ["light.bed"]
    states.set("light.bed", "off")
    assert list((await client.receive())["event"]["c"]) == ["light.bed"]
    registry.update("light.cooker", area_id=None)
    assert (await client.receive())["event"]["r"] == ["light.cooker"]
    states.set("light.cooker", "off")
    states.set("sun.sun", "below_horizon")
    assert set((await client.receive())["event"]["c"]) == {"sun.sun"}


async def test_nothing_slips_out_in_the_turn_of_a_move(kitchen: House) -> None:
    _, token = await guest(kitchen, SEES_ONLY_KITCHEN)
    client = await kitchen.connect(token)
    registry, states = kitchen.hub.entity_registry, kitchen.hub.states
    await client.call(type="subscribe_events", event_type="state_changed")
    states.set("light.cooker", "on")
    assert (await client.receive())["event"]["data"]["entity_id"] == "light.cooker"
    registry.update("light.cooker", area_id=None)
    states.set("light.cooker", "off")
    states.set("sun.sun", "below_horizon")
    assert (await client.receive())["event"]["data"]["entity_id"] == "sun.sun"


async def test_a_list_of_wished_entities_and_events_are_narrowed_too(kitchen: House) -> None:
    _, token = await guest(kitchen, SEES_ONLY_KITCHEN)
    client = await kitchen.connect(token)
    await client.call(type="subscribe_entities", entity_ids=["light.cooker", "light.bed"])
    assert list((await client.receive())["event"]["a"]) == ["light.cooker"]
    await client.call(type="unsubscribe_events", subscription=client.last_id)
    await client.call(type="subscribe_events", event_type="state_changed")
    kitchen.hub.states.set("light.bed", "on")
    kitchen.hub.states.set("light.cooker", "on")
    assert (await client.receive())["event"]["data"]["entity_id"] == "light.cooker"
    await client.call(type="unsubscribe_events", subscription=client.last_id)
    await client.call(type="subscribe_events", event_type="entity_registry_updated")
    kitchen.hub.entity_registry.update("light.bed", name="Secret")
    kitchen.hub.entity_registry.update("light.cooker", name="Cooker")
    assert (await client.receive())["event"]["data"]["entity_id"] == "light.cooker"


async def test_a_narrowed_administrator_gets_no_stream_of_everything(kitchen: House) -> None:
    rules = [{"effect": "deny", "verbs": ["read"], "domain": ["light"]}]
    _, token = await guest(kitchen, rules, Role.ADMIN)
    client = await kitchen.connect(token)
    assert "sun.sun" in await entities(client)
    assert "light.bed" not in await entities(client)
    refused = await client.call(type="subscribe_events")
    assert refused["error"]["code"] == "unauthorized"


async def test_changed_policies_end_the_streams_at_once(kitchen: House) -> None:
    user, token = await guest(kitchen, SEES_ONLY_KITCHEN)
    client = await kitchen.connect(token)
    await client.call(type="subscribe_entities")
    await kitchen.hub.auth.policies.put("guest", [{"effect": "deny", "verbs": ["read"]}])
    message = await client.ws.receive(timeout=30)
    while message.type.name == "TEXT":
        message = await client.ws.receive(timeout=30)
    assert client.ws.closed
    assert await entities(await kitchen.connect(token)) == set()
    again = await kitchen.connect(token)
    await kitchen.hub.auth.users.update(user.id, policies=[])
    await again.ws.receive(timeout=30)
    assert again.ws.closed
    assert "light.bed" in await entities(await kitchen.connect(token))


async def test_demotion_and_removal_end_open_connections_and_tokens(kitchen: House) -> None:
    auth = kitchen.hub.auth
    user = await auth.users.create("Boss", role=Role.ADMIN)
    token = await auth.tokens.create_long_lived(user, "tests", 1)
    headers = {"Authorization": f"Bearer {token}"}
    client = await kitchen.connect(token)
    assert (await client.call(type="config/auth/list"))["success"]
    await auth.users.update(user.id, role=Role.VIEWER)
    await client.ws.receive(timeout=30)
    assert client.ws.closed
    client = await kitchen.connect(token)
    assert (await client.call(type="config/auth/list"))["error"]["code"] == "unauthorized"
    assert (await kitchen.request("GET", "/api/users", headers=headers)).status == 403
    await auth.users.remove(user.id)
    await client.ws.receive(timeout=30)
    assert client.ws.closed
    for path in ("/api/states/sun.sun", "/api/config", "/api/users"):
        assert (await kitchen.request("GET", path, headers=headers)).status == 401
    ws = await kitchen.session.ws_connect(f"{kitchen.url}/api/websocket")
    await ws.receive_json(timeout=30)
    await ws.send_json({"type": "auth", "access_token": token})
    assert (await ws.receive_json(timeout=30))["type"] == "auth_invalid"
    await ws.close()


@pytest.fixture
def calls(house: House) -> list[tuple[str, Target]]:
    """What reaches the services of the house's own light kind."""
    found: list[tuple[str, Target]] = []
    for service in ("turn_on", "probe"):
        house.hub.services.register(
            "light",
            service,
            lambda call: found.append((call.service, call.target)),
            needs_target=True,
        )
    house.hub.services.register("notify", "all", lambda call: found.append(("all", call.target)))
    return found


CONTROLS_KITCHEN = [{"effect": "allow", "verbs": ["control"], "area": ["kitchen"]}]


async def test_a_call_is_refused_whole_when_one_named_entity_is_not_allowed(
    kitchen: House, calls: list[Any]
) -> None:
    _, token = await guest(kitchen, CONTROLS_KITCHEN, Role.VIEWER)
    client = await kitchen.connect(token)
    headers = {"Authorization": f"Bearer {token}"}

    async def call(*entity_ids: str, service: str = "turn_on") -> str:
        answer = await client.call(
            type="call_service",
            domain="light",
            service=service,
            target={"entity_id": [*entity_ids]},
        )
        body = {"entity_id": [*entity_ids]}
        over_rest = await kitchen.request(
            "POST", f"/api/services/light/{service}", json=body, headers=headers
        )
        assert (over_rest.status == 200) is answer["success"]
        return "" if answer["success"] else str(answer["error"]["code"])

    assert await call("light.cooker") == ""
    assert len(calls) == 2
    assert await call("light.cooker", "light.bed") == "unauthorized"
    assert await call("light.unknown") == "unauthorized"
    assert await call("light.bed") == "unauthorized"
    assert len(calls) == 2
    generic = await client.call(
        type="call_service",
        domain="homeassistant",
        service="turn_on",
        target={"entity_id": ["light.bed"]},
    )
    assert generic["error"]["code"] == "unauthorized"
    other = await client.call(type="call_service", domain="notify", service="all")
    assert other["error"]["code"] == "unauthorized"
    assert len(calls) == 2


async def test_a_viewer_calls_nothing_whatever_the_target(kitchen: House, calls: list[Any]) -> None:
    auth = kitchen.hub.auth
    user = await auth.users.create("Viewer", role=Role.VIEWER)
    client = await kitchen.connect(await auth.tokens.create_long_lived(user, "tests", 1))
    for target in ({"entity_id": "light.bed"}, {"entity_id": "all"}, {"area_id": "kitchen"}, {}):
        for domain, service in (
            ("light", "turn_on"),
            ("homeassistant", "turn_on"),
            ("notify", "all"),
        ):
            answer = await client.call(
                type="call_service", domain=domain, service=service, target=target
            )
            assert answer["error"]["code"] == "unauthorized"
    assert calls == []


async def test_areas_and_all_lead_to_what_may_be_controlled(
    kitchen: House, calls: list[Any]
) -> None:
    _, token = await guest(kitchen, CONTROLS_KITCHEN, Role.VIEWER)
    client = await kitchen.connect(token)
    for target in ({"area_id": "kitchen"}, {"entity_id": "all"}):
        answer = await client.call(
            type="call_service", domain="homeassistant", service="turn_on", target=target
        )
        assert answer["success"], answer
        assert calls.pop()[1].entity_ids == ("light.cooker",)
    kitchen.hub.entity_registry.update("light.bed", labels=["warm"])
    answer = await client.call(
        type="call_service", domain="homeassistant", service="turn_on", target={"label_id": "warm"}
    )
    assert answer["error"]["code"] == "unauthorized"
    assert calls == []


async def test_a_denied_service_is_denied_on_every_way(kitchen: House, calls: list[Any]) -> None:
    rules = [{"effect": "deny", "verbs": ["call"], "service": ["light"]}]
    _, token = await guest(kitchen, rules)
    client = await kitchen.connect(token)
    for domain in ("light", "homeassistant"):
        answer = await client.call(
            type="call_service",
            domain=domain,
            service="turn_on",
            target={"entity_id": "light.bed"},
        )
        assert answer["error"]["code"] == "unauthorized"
    assert calls == []
    answer = await client.call(type="call_service", domain="notify", service="all")
    assert answer["success"]


async def test_a_call_of_several_kinds_is_done_whole_or_not_at_all(
    kitchen: House, calls: list[Any]
) -> None:
    rules = [{"effect": "deny", "verbs": ["call"], "service": ["siren"]}]
    _, token = await guest(kitchen, rules)
    kitchen.hub.services.register("siren", "turn_on", calls.append, needs_target=True)
    kitchen.hub.states.set("siren.roof", "off")
    client = await kitchen.connect(token)
    both = {"entity_id": ["light.bed", "siren.roof"]}
    answer = await client.call(
        type="call_service", domain="homeassistant", service="turn_on", target=both
    )
    assert answer["error"]["code"] == "unauthorized"
    assert calls == []


async def test_resources_and_jobs_are_narrowed_even_for_an_administrator(kitchen: House) -> None:
    hub = kitchen.hub
    for name in ("open.note", "closed.note"):
        hub.resources.types.register(ResourceType(name=name, schema=vol.Schema({"text": str})))
        await hub.resources.put(name, "a", {"text": "one"})
    rules = [{"effect": "deny", "verbs": ["read"], "resource_type": "closed.*"}]
    _, token = await guest(kitchen, rules, Role.ADMIN)
    client = await kitchen.connect(token)

    async def work(job: Job) -> None:
        job.log("done")

    for name in ("open.note/a", "closed.note/a"):
        await (await hub.jobs.start("probe", name, work)).wait()
    for command in ("resource/list", "job/list"):
        found = (await client.call(type=command))["result"]
        assert {row.get("resource_type") or row["target"].split("/")[0] for row in found} == {
            "open.note"
        }
    await client.call(type="resource/subscribe")
    first = (await client.receive())["event"]["resources"]
    assert [row["resource_type"] for row in first] == ["open.note"]
    await hub.resources.put("closed.note", "a", {"text": "two"})
    await hub.resources.put("open.note", "a", {"text": "two"})
    told = (await client.receive())["event"]["resource"]
    assert (told["resource_type"], told["revision"]) == ("open.note", 2)
    write = {"type": "resource/put", "key": "a", "spec": {"text": "x"}}
    refused = await client.call(**write, resource_type="closed.note")
    assert refused["error"]["code"] in ("unauthorized", "not_found")
    assert (await client.call(**write, resource_type="open.note"))["success"]


async def test_an_operator_with_leave_edits_some_entities(kitchen: House) -> None:
    rules = [{"effect": "allow", "verbs": ["edit"], "area": ["kitchen"]}]
    _, token = await guest(kitchen, rules)
    client = await kitchen.connect(token)
    update = {"type": "config/entity_registry/update", "name": "Mine"}
    assert (await client.call(**update, entity_id="light.cooker"))["success"]
    refused = await client.call(**update, entity_id="light.bed")
    assert refused["error"]["code"] == "unauthorized"
    remove = {"type": "config/entity_registry/remove"}
    refused = await client.call(**remove, entity_id="light.bed")
    assert refused["error"]["code"] == "unauthorized"
    assert (await client.call(**remove, entity_id="light.cooker"))["success"]


async def test_an_administrator_whom_a_policy_narrows_writes_no_states_there(
    kitchen: House,
) -> None:
    rules = [{"effect": "deny", "verbs": ["edit"], "domain": ["light"]}]
    _, token = await guest(kitchen, rules, Role.ADMIN)
    headers = {"Authorization": f"Bearer {token}"}
    for method in ("POST", "DELETE"):
        for path, wanted in (("light.bed", 403), ("LIGHT.bed", 403), ("sun.sun", 200)):
            if method == "DELETE" and path == "LIGHT.bed":
                continue
            answer = await kitchen.request(
                method, f"/api/states/{path}", json={"state": "x"}, headers=headers
            )
            assert answer.status == wanted, (method, path)
