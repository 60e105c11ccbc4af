"""render_template: first result, each other one, errors as clients know them, rights."""

from typing import Any

import pytest

from hub.api.websocket.commands import templates
from hub.auth import Role
from tests.peers.house import Client, House

ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


async def begin(client: Client, template: str, **more: Any) -> dict[str, Any]:
    """Subscribe and return the first event."""
    answer = await client.call(type="render_template", template=template, **more)
    assert answer["success"], answer
    found = await client.receive()
    assert found["id"] == answer["id"]
    event: dict[str, Any] = found["event"]
    return event


async def test_result_listeners_and_changes(house: House) -> None:
    client = await house.connect()
    states = house.hub.states
    states.set("light.a", "on")
    text = "{{ states('light.a') }} {{ x }} {{ states.light | count }} {{ now() is datetime }}"
    first = await begin(client, text, variables={"x": 1})
    assert first == {
        "result": "on 1 1 True",
        "listeners": {"all": False, "entities": ["light.a"], "domains": ["light"], "time": True},
    }
    states.set("light.a", "off")
    assert (await client.receive())["event"]["result"] == "off 1 1 True"
    assert (await client.call(type="unsubscribe_events", subscription=client.last_id))["success"]
    states.set("light.a", "on")
    assert (await client.call(type="ping"))["type"] == "pong"
    assert states._by_entity.get("light.a") is None


async def test_native_results(house: House) -> None:
    client = await house.connect()
    for text, result in (("{{ 6.0 }}", 6.0), ("{{ [1, 'a'] }}", [1, "a"]), ("plain", "plain")):
        assert (await begin(client, text))["result"] == result


async def test_errors(house: House) -> None:
    client = await house.connect()
    answer = await client.call(type="render_template", template="{{ nofun() }}")
    assert answer["error"]["code"] == "template_error"
    assert answer["error"]["message"] == "There is no function 'nofun' (line 1)"
    found = await begin(client, "{{ y }}", strict=True, report_errors=True)
    assert found == {"error": "UndefinedError: 'y' is undefined (line 1)", "level": "ERROR"}
    found = await begin(client, "{{ 1 / 0 }}", report_errors=True)
    assert found["error"] == "ZeroDivisionError: division by zero (line 1)"
    answer = await client.call(type="render_template", template=ENDLESS, timeout=0.05)
    assert answer["error"] == {
        "code": "template_error",
        "message": "Exceeded maximum execution time of 0.05s",
    }
    assert (await client.call(type="render_template", template=""))["error"]["code"] == (
        "invalid_format"
    )
    # Without report_errors the client hears nothing until the template works.
    answer = await client.call(type="render_template", template="{{ 1 / states('a.b') | int(0) }}")
    assert answer["success"]
    house.hub.states.set("a.b", "2")
    assert (await client.receive())["event"]["result"] == 0.5


async def test_a_client_follows_a_bounded_number(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "MAX_FOLLOWED", 2)
    client = await house.connect()
    await begin(client, "1")
    await begin(client, "2")
    answer = await client.call(type="render_template", template="3")
    assert answer["error"]["code"] == "not_allowed"
    await client.call(type="unsubscribe_events", subscription=1)
    await begin(client, "3")
    await client.ws.close()
    while templates._FOLLOWED:
        await (await house.connect()).call(type="ping")


async def test_who_may_read_less_sees_less(house: House) -> None:
    hub = house.hub
    hub.states.set("light.a", "on")
    hub.states.set("lock.b", "locked")
    rules = [{"effect": "deny", "domain": "lock", "verbs": ["read"]}]
    await hub.auth.policies.put("no-locks", rules)
    user = await hub.auth.users.create("Vic", role=Role.VIEWER, policies=["no-locks"])
    token = await hub.auth.tokens.create_long_lived(user, "tests", 1)
    client = await house.connect(token)
    text = "{{ states('light.a') }} {{ states('lock.b') }} {{ states.lock | count }}"
    assert (await begin(client, text))["result"] == "on unknown 0"
    hub.states.set("lock.b", "unlocked")
    hub.states.set("light.a", "off")
    assert (await client.receive())["event"]["result"] == "off unknown 0"
