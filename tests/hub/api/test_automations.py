"""Automations, scripts, scenes and blueprints through both doors, as their editors use them."""

from typing import Any

import pytest

from hub.auth import Role
from tests.peers.house import Client, House, MakeHouse

CONFIG = """
mqtt: {enabled: false}
input_boolean:
  lamp:
  motion:
automation:
  - id: from_file
    alias: From a file
    triggers: []
    actions: []
"""
RULES: dict[str, Any] = {
    "alias": "Hall light",
    "triggers": [{"trigger": "state", "entity_id": "input_boolean.motion", "to": "on"}],
    "actions": [{"action": "input_boolean.turn_on", "target": {"entity_id": "input_boolean.lamp"}}],
}
BLUEPRINT = """
blueprint:
  name: Follow
  domain: automation
  input:
    source:
    target:
      default: input_boolean.lamp
triggers:
  - trigger: state
    entity_id: !input source
    to: "on"
actions:
  - action: input_boolean.turn_on
    target: {entity_id: !input target}
"""


@pytest.fixture
async def home(make_house: MakeHouse) -> House:
    return await make_house(CONFIG)


async def rest(home: House, method: str, path: str, body: Any = None, **more: Any) -> Any:
    answer = await home.request(method, f"/api/config/{path}", json=body, **more)
    return answer.status, await answer.json()


async def ok(client: Client, **message: Any) -> Any:
    answer = await client.call(**message)
    assert answer["success"], answer
    return answer["result"]


async def refused(client: Client, **message: Any) -> tuple[str, str]:
    answer = await client.call(**message)
    assert not answer["success"], answer
    return answer["error"]["code"], answer["error"]["message"]


async def person(home: House, role: Role, rules: list[Any]) -> str:
    auth = home.hub.auth
    await auth.policies.put("narrow", rules)
    user = await auth.users.create("Somebody", role=role, policies=["narrow"])
    return await auth.tokens.create_long_lived(user, "tests", 1)


async def test_an_automation_from_the_first_write_to_its_end(home: House) -> None:
    path = "automation/config/1700000000001"
    assert await rest(home, "GET", path) == (
        404,
        {"message": "Resource not found", "code": "not_found"},
    )
    assert await rest(home, "POST", path, RULES) == (200, {"result": "ok"})
    assert await rest(home, "GET", path) == (200, {"id": "1700000000001", **RULES})
    client = await home.connect()
    found = await ok(client, type="automation/config", entity_id="automation.hall_light")
    assert found == {"config": {"id": "1700000000001", **RULES}}
    await ok(
        client,
        type="call_service",
        domain="input_boolean",
        service="turn_on",
        target={"entity_id": "input_boolean.motion"},
    )
    await home.hub.automations.settle()
    (short,) = await ok(client, type="trace/list", domain="automation", item_id="1700000000001")
    assert short["domain"] == "automation"
    assert short["item_id"] == "1700000000001"
    assert short["trigger"] == "state of input_boolean.motion"
    one = {"domain": "automation", "item_id": "1700000000001", "run_id": short["run_id"]}
    trace = await ok(client, type="trace/get", **one)
    assert trace["config"] == {"id": "1700000000001", **RULES}
    assert "trigger/0" in trace["trace"]
    contexts = await ok(client, type="trace/contexts")
    assert contexts == {trace["context"]["id"]: one}
    assert await rest(home, "DELETE", path) == (200, {"result": "ok"})
    assert home.hub.states.get("automation.hall_light") is None
    assert (await rest(home, "DELETE", path))[0] == 404
    assert (await refused(client, type="trace/get", **one))[0] == "not_found"


async def test_an_id_that_can_not_be_a_key(home: House) -> None:
    path = "automation/config/Hall%20Light"
    for _ in range(2):
        assert (await rest(home, "POST", path, RULES))[0] == 200
    assert (await rest(home, "GET", path))[1]["id"] == "Hall Light"
    assert [item.key for item in home.hub.resources.list("hub.automation")] == [
        "from_file",
        "hall_light",
    ]


async def test_scripts_and_scenes(home: House) -> None:
    script = {"alias": "Twice", "sequence": [{"delay": 0}]}
    assert (await rest(home, "POST", "script/config/twice", script))[0] == 200
    assert await rest(home, "GET", "script/config/twice") == (200, script)
    assert home.hub.services.has("script", "twice")
    status, answer = await rest(home, "POST", "script/config/Not%20a%20slug", script)
    assert (status, answer["message"][:14]) == (400, "Key malformed:")
    client = await home.connect()
    assert await ok(client, type="script/config", entity_id="script.twice") == {"config": script}
    scene = {"name": "Film", "entities": {"input_boolean.lamp": {"state": "on"}}}
    assert (await rest(home, "POST", "scene/config/42", scene))[0] == 200
    assert await rest(home, "GET", "scene/config/42") == (200, {"id": "42", **scene})
    assert home.hub.states.get("scene.film") is not None
    assert (await rest(home, "DELETE", "scene/config/42"))[0] == 200
    assert home.hub.states.get("scene.film") is None


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        ("automation/config/a", {"alias": "A", "actions": []}, "at 'triggers'"),
        ("automation/config/a", {"triggers": [{"trigger": "moon"}], "actions": []}, "triggers.0"),
        ("automation/config/a", [], "Message malformed: expected an object"),
        ("script/config/a", {"alias": "A"}, "sequence"),
        ("scene/config/a", {"name": "A", "entities": {"light.a": "on"}}, "entities.light.a"),
        ("automation/config/a", {"use_blueprint": {"path": "no.yaml"}}, "use_blueprint.path"),
    ],
    ids=["missing", "kind", "list", "script", "scene", "blueprint"],
)
async def test_what_is_malformed(home: House, path: str, body: Any, why: str) -> None:
    status, answer = await rest(home, "POST", path, body)
    assert status == 400
    assert answer["code"] == "invalid_format"
    assert answer["message"].startswith("Message malformed")
    assert why in answer["message"]
    assert (await rest(home, "GET", path))[0] == 404


async def test_what_a_file_owns(home: House) -> None:
    assert (await rest(home, "GET", "automation/config/from_file"))[1]["alias"] == "From a file"
    for method, body in (("POST", RULES), ("DELETE", None)):
        status, answer = await rest(home, method, "automation/config/from_file", body)
        assert status == 409
        assert answer["place"] == "hub.yaml:7"


async def test_blueprints(home: House) -> None:
    client = await home.connect()
    folder = home.hub.config_dir / "blueprints" / "automation" / "house"
    folder.mkdir(parents=True)
    (folder / "file.yaml").write_text(BLUEPRINT.replace("Follow", "In a file"))
    (folder / "broken.yaml").write_text("blueprint: 1\n")
    one = {"domain": "automation", "path": "mine/follow.yaml"}
    saved = await ok(client, type="blueprint/save", yaml=BLUEPRINT, **one)
    assert saved == {"overrides_existing": False}
    listed = await ok(client, type="blueprint/list", domain="automation")
    assert listed["mine/follow.yaml"]["metadata"] == {
        "name": "Follow",
        "domain": "automation",
        "input": {"source": None, "target": {"default": "input_boolean.lamp"}},
    }
    assert listed["house/file.yaml"]["metadata"]["name"] == "In a file"
    assert listed["house/broken.yaml"]["error"].startswith("line 1")
    assert await ok(client, type="blueprint/list", domain="script") == {}
    found = await ok(
        client, type="blueprint/substitute", input={"source": "input_boolean.motion"}, **one
    )
    config = found["substituted_config"]
    assert config["triggers"][0]["entity_id"] == "input_boolean.motion"
    assert config["actions"][0]["target"] == {"entity_id": "input_boolean.lamp"}
    code, text = await refused(client, type="blueprint/substitute", input={"sorce": 1}, **one)
    assert code == "invalid_format"
    assert "missing input: it has no default at 'use_blueprint.input.source'" in text
    assert "use_blueprint.input.sorce" in text


async def test_a_blueprint_in_use(home: House) -> None:
    client = await home.connect()
    one = {"domain": "automation", "path": "follow.yaml"}
    await ok(client, type="blueprint/save", yaml=BLUEPRINT, **one)
    use = {"path": "follow.yaml", "input": {"source": "input_boolean.motion"}}
    body = {"alias": "Follower", "use_blueprint": use}
    assert (await rest(home, "POST", "automation/config/f", body))[0] == 200
    assert (await rest(home, "GET", "automation/config/f"))[1] == {"id": "f", **body}
    assert (await refused(client, type="blueprint/save", yaml=BLUEPRINT, **one))[0] == "not_allowed"
    again = BLUEPRINT.replace("input_boolean.turn_on", "input_boolean.turn_off")
    saved = await ok(client, type="blueprint/save", yaml=again, allow_override=True, **one)
    assert saved == {"overrides_existing": True}
    item = home.hub.automations.get("automation.follower")
    assert item.config["actions"][0]["action"] == "input_boolean.turn_off"
    assert (await refused(client, type="blueprint/delete", **one))[0] == "in_use"
    await rest(home, "DELETE", "automation/config/f")
    assert await ok(client, type="blueprint/delete", **one) is None
    assert (await refused(client, type="blueprint/delete", **one))[0] == "not_found"


async def test_blueprints_that_are_refused(home: House) -> None:
    client = await home.connect()
    for path in ("../x.yaml", "/etc/x.yaml", "a/../../x.yaml", "x.txt", ".hidden.yaml"):
        for kind in ("save", "delete", "substitute"):
            more = {"save": {"yaml": BLUEPRINT}, "substitute": {"input": {}}}.get(kind, {})
            code, text = await refused(
                client, type=f"blueprint/{kind}", domain="automation", path=path, **more
            )
            assert (code, "path" in text) == ("invalid_format", True)
    one = {"domain": "automation", "path": "x.yaml"}
    for text, why in (
        ("blueprint: {name: A, domain: script}", "scripts"),
        ("nonsense", "line 1"),
        (f"{BLUEPRINT}mode: !input nope\n", "!input nope"),
    ):
        code, told = await refused(client, type="blueprint/save", yaml=text, **one)
        assert code == "invalid_format"
        assert why in told
    code, told = await refused(client, type="blueprint/import", url="https://example.org/b.yaml")
    assert code == "not_supported"
    assert "save its text with blueprint/save" in told
    folder = home.hub.config_dir / "blueprints" / "automation"
    folder.mkdir(parents=True)
    (folder / "x.yaml").write_text(BLUEPRINT)
    for kind, more in (("save", {"yaml": BLUEPRINT, "allow_override": True}), ("delete", {})):
        code, told = await refused(client, type=f"blueprint/{kind}", **one, **more)
        assert code == "file_owned"
        assert "blueprints/automation/x.yaml" in told


async def test_traces_are_for_who_may_read_everything(home: House) -> None:
    await rest(home, "POST", "automation/config/a", RULES)
    home.hub.automations.trigger("automation.hall_light")
    rule = {"effect": "deny", "verbs": ["read"], "entity": ["climate.*"]}
    client = await home.connect(await person(home, Role.ADMIN, [rule]))
    config = await ok(client, type="automation/config", entity_id="automation.hall_light")
    assert config["config"]["alias"] == "Hall light"
    assert await ok(client, type="trace/list", domain="automation") == []
    assert await ok(client, type="trace/contexts") == {}
    one = {"domain": "automation", "item_id": "a"}
    assert (await refused(client, type="trace/list", **one))[0] == "unauthorized"
    assert (await refused(client, type="trace/get", run_id="x", **one))[0] == "unauthorized"


async def test_who_may_not_read_an_automation_never_hears_of_it(home: House) -> None:
    await rest(home, "POST", "automation/config/a", RULES)
    rule = {"effect": "deny", "verbs": ["read"], "resource_type": ["hub.automation"]}
    token = await person(home, Role.ADMIN, [rule])
    client = await home.connect(token)
    config = {"type": "automation/config", "entity_id": "automation.hall_light"}
    assert (await refused(client, **config))[0] == "not_found"
    assert await ok(client, type="trace/list", domain="automation", item_id="a") == []
    headers = {"Authorization": f"Bearer {token}"}
    for method in ("GET", "DELETE"):
        status, _ = await rest(home, method, "automation/config/a", headers=headers)
        assert status == 404
    status, _ = await rest(home, "POST", "automation/config/b", RULES, headers=headers)
    assert status == 403


async def test_trace_contexts_wants_both_or_none(home: House) -> None:
    client = await home.connect()
    code, text = await refused(client, type="trace/contexts", domain="script")
    assert (code, text) == ("invalid_format", "give domain and item_id, or neither")
    assert (await refused(client, type="trace/list", domain="light"))[0] == "invalid_format"
