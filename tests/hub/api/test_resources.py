"""Resources over websocket and REST, down to the files of a real folder."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hub.auth.roles import Role
from hub.resources import Phase
from tests.hub.api.outside import Files, register
from tests.peers.house import Client, House, MakeHouse
from tests.peers.ports import wait_until

BARE = "hub:\n  name: Test\nmqtt:\n  enabled: false\n"


class Street:
    """A house with the type `test.file`, and somebody at the websocket."""

    def __init__(self, house: House, files: Files, client: Client) -> None:
        self.house = house
        self.files = files
        self.folder = files.folder
        self.client = client

    async def ask(self, kind: str, **fields: Any) -> Any:
        """Return the result of a resource command."""
        answer = await self.client.call(type=f"resource/{kind}", **fields)
        assert answer["success"], answer
        return answer["result"]

    async def refused(self, kind: str, **fields: Any) -> Any:
        """Return the error of a resource command."""
        answer = await self.client.call(type=f"resource/{kind}", **fields)
        assert not answer["success"], answer
        return answer["error"]

    async def rest(
        self, method: str, path: str, status: int = 200, **options: Any
    ) -> tuple[Any, Any]:
        """Return the parsed body and the ETag of a request below /api/resources."""
        answer = await self.house.request(method, f"/api/resources{path}", **options)
        assert answer.status == status, await answer.text()
        body = await answer.json() if answer.content_length else None
        return body, answer.headers.get("ETag")

    async def settled(self, key: str, phase: str = "in_sync") -> Any:
        """Wait for a phase and return the resource."""
        async with asyncio.timeout(30):
            while True:
                found = await self.ask("get", resource_type="test.file", key=key)
                status = found["status"]
                live = phase != "in_sync" or status["observed_revision"] == found["revision"]
                if status["phase"] == phase and live:
                    return found
                await asyncio.sleep(0.01)


@pytest.fixture
async def street(make_house: MakeHouse, tmp_path: Path) -> Street:
    house = await make_house(BARE)
    files = register(house.hub, tmp_path / "files")
    return Street(house, files, await house.connect())


async def test_types_carry_form_markers_and_count(street: Street) -> None:
    await street.ask("put", resource_type="test.file", key="a", spec={"text": "x"})
    found = {item["resource_type"]: item for item in await street.ask("types")}
    file = found["test.file"]
    assert {key: file[key] for key in ("title", "description", "domain", "count")} == {
        "title": "File",
        "description": "A file in a folder",
        "domain": "test",
        "count": 1,
    }
    assert [field["name"] for field in file["form"]] == ["text", "password", "beside", "owner"]
    assert file["form"][0]["description"] == "What the file holds"
    assert file["markers"] == [
        {"path": "password", "kind": "secret"},
        {"path": "beside", "kind": "reference", "reference_type": "test.file"},
    ]
    assert (file["has_controller"], found["test.note"]["has_controller"]) == (True, False)
    assert file["may"] == ["read", "write", "apply"]
    assert (await street.rest("GET", ""))[0] == list(found.values())


async def test_a_resource_is_written_applied_changed_and_taken_away(street: Street) -> None:
    name = {"resource_type": "test.file", "key": "a"}
    spec = {"text": "one", "password": "secret words"}
    change = await street.ask("put", **name, spec=spec, note="first")
    assert (change["action"], change["revision"]) == ("created", 1)
    assert change["resource"]["spec"]["password"] == {"sealed": True}
    found = await street.settled("a")
    assert (street.folder / "a").read_text() == "one"
    assert found["spec"] == {"text": "one", "password": {"sealed": True}, "owner": "root"}
    assert found["status"]["observed_revision"] == 1
    assert found["may"] == ["read", "write", "apply"]
    listed = await street.ask("list", resource_type="test.file")
    assert listed == [{key: value for key, value in found.items() if key != "may"}]

    (street.folder / "a").write_text("somebody else")
    plan = await street.ask("plan", **name)
    assert [step["action"] for step in plan["steps"]] == ["change"]
    assert (street.folder / "a").read_text() == "somebody else"
    done = await street.ask("apply", **name)
    await street.house.hub.jobs._running[done["job_id"]][0].wait()
    assert (street.folder / "a").read_text() == "one"
    assert (await street.ask("apply", **name)) == {"job_id": None}

    change = await street.ask("put", **name, spec={**found["spec"], "text": "two"}, if_revision=1)
    assert change["diff"] == [{"path": "text", "before": "one", "after": "two"}]
    await street.settled("a")
    assert (street.folder / "a").read_text() == "two"
    error = await street.refused("put", **name, spec=spec, if_revision=1)
    assert (error["code"], error["current"]) == ("conflict", 2)
    revisions = await street.ask("history", **name)
    assert [(item["revision"], item["note"], item["user_name"]) for item in revisions] == [
        (2, None, "Owner"),
        (1, "first", "Owner"),
    ]
    assert (await street.ask("get", **name, revision=1)) == revisions[1]
    assert await street.ask("diff", **name, old=1) == change["diff"]
    dry = await street.ask("rollback", **name, to=1, dry_run=True)
    assert dry["action"] == "updated"
    assert (await street.ask("rollback", **name, to=1, if_revision=2))["revision"] == 3
    await street.settled("a")
    assert (street.folder / "a").read_text() == "one"

    await street.ask("put", resource_type="test.file", key="b", spec={"text": "b", "beside": "a"})
    error = await street.refused("delete", **name)
    assert (error["code"], error["users"]) == ("in_use", ["test.file/b"])
    changes = await street.ask("delete", **name, cascade=True)
    assert [item["key"] for item in changes] == ["b", "a"]
    async with asyncio.timeout(30):
        while list(street.folder.iterdir()) or await street.ask("list"):
            await asyncio.sleep(0.01)
    assert (await street.refused("get", **name))["code"] == "not_found"
    assert (await street.ask("history", **name))[0]["action"] == "delete"


async def test_a_bad_spec_is_told_field_by_field(street: Street) -> None:
    error = await street.refused(
        "put", resource_type="test.file", key="a", spec={"text": 5, "password": "x", "odd": 1}
    )
    assert error["code"] == "invalid_spec"
    assert {item["path"] for item in error["problems"]} == {"text", "password", "odd"}
    body, _ = await street.rest("PUT", "/test.file/a", 400, json={"text": 5})
    assert body["code"] == "invalid_spec"
    assert body["problems"][0]["path"] == "text"
    for key in ("A", "a/b", "", "x" * 64):
        error = await street.refused("put", resource_type="test.file", key=key, spec={"text": "x"})
        assert error["code"] == "invalid_format"
    error = await street.refused("put", resource_type="none.such", key="a", spec={})
    assert error["code"] == "not_found"


async def test_etags_and_conditions_over_rest(street: Street) -> None:
    path = "/test.note/a"
    created, tag = await street.rest(
        "PUT", path, 201, json={"name": "one"}, headers={"If-None-Match": "*"}
    )
    assert created["action"] == "created"
    assert tag.startswith('"1-')
    stale, _ = await street.rest(
        "PUT", path, 412, json={"name": "two"}, headers={"If-None-Match": "*"}
    )
    assert (stale["code"], stale["current"]) == ("conflict", 1)
    async with asyncio.timeout(30):
        while street.house.hub.resources.status("test.note", "a").phase != "in_sync":
            await asyncio.sleep(0.01)
    found, tag = await street.rest("GET", path)
    assert found["spec"] == {"name": "one"}
    assert found["may"] == ["read", "write", "apply"]
    _, same = await street.rest("GET", path, 304, headers={"If-None-Match": f'"9-ab", {tag}'})
    assert same == tag
    for known in (tag, '"1"', "*"):
        again, _ = await street.rest("PUT", path, json={"name": "one"}, headers={"If-Match": known})
        assert again["action"] == "unchanged"
    dry, _ = await street.rest("PUT", f"{path}?dry_run=1", json={"name": "two"})
    assert (dry["action"], dry["revision"]) == ("updated", 2)
    _, newer = await street.rest("PUT", path, json={"name": "two"}, headers={"If-Match": tag})
    assert newer.startswith('"2-')
    for known in (tag, '"1"', "nonsense"):
        for method, where, body in (
            ("PUT", path, {"name": "x"}),
            ("POST", f"{path}/rollback", {"to": 1}),
            ("DELETE", path, None),
        ):
            stale, _ = await street.rest(method, where, 412, json=body, headers={"If-Match": known})
            assert (stale["code"], stale["current"]) == ("conflict", 2)
    stale, _ = await street.rest("POST", f"{path}/rollback", 409, json={"to": 1, "if_revision": 1})
    assert stale["code"] == "conflict"
    await street.rest("PUT", "/test.note/none", 412, json={"name": "x"}, headers={"If-Match": "*"})
    _, changed = await street.rest("GET", path, headers={"If-None-Match": tag})
    assert changed.startswith('"2-')
    back, tag = await street.rest("POST", f"{path}/rollback", json={"to": 1})
    assert (back["revision"], tag[:3]) == (3, '"3-')
    history, _ = await street.rest("GET", f"{path}/history")
    assert [item["revision"] for item in history] == [3, 2, 1]
    diff, _ = await street.rest("GET", f"{path}/diff?old=1&new=2")
    assert diff == [{"path": "name", "before": "one", "after": "two"}]
    await street.rest("GET", f"{path}/diff", 400)
    await street.rest("GET", f"{path}/diff?old=-1", 400)
    gone, _ = await street.rest("DELETE", path, headers={"If-Match": tag})
    assert gone[0]["action"] == "deleted"
    await street.rest("GET", path, 404)


async def test_the_etag_changes_with_the_status(street: Street) -> None:
    await street.rest("PUT", "/test.file/a", 201, json={"text": "one"})
    await street.settled("a")
    _, before = await street.rest("GET", "/test.file/a")
    (street.folder / "a").write_text("other")
    hub = street.house.hub
    hub.resources.engine.changed(hub.resources.get("test.file", "a"), gone=False, context=None)
    await street.settled("a", "drifted")
    _, after = await street.rest("GET", "/test.file/a", headers={"If-None-Match": before})
    assert after != before
    assert after.split("-")[0] == before.split("-")[0]


async def test_plan_and_apply_over_rest(street: Street) -> None:
    plan, _ = await street.rest("POST", "/test.file/a/plan", json={"spec": {"text": "one"}})
    assert [step["action"] for step in plan["steps"]] == ["create"]
    assert not (street.folder / "a").exists()
    await street.rest("POST", "/test.file/a/plan", 404)
    street.files.gate.clear()
    await street.rest("PUT", "/test.file/a", 201, json={"text": "one"})
    await street.settled("a", "applying")
    street.files.gate.set()
    await street.settled("a")
    (street.folder / "a").unlink()
    done, _ = await street.rest("POST", "/test.file/a/apply", 202)
    await street.settled("a")
    answer = await street.house.request("GET", f"/api/jobs/{done['job_id']}")
    assert (await answer.json())["target"] == "test.file/a"
    assert (await street.rest("POST", "/test.file/a/apply"))[0] == {"job_id": None}


async def test_documents_are_applied_as_a_whole_and_exported(street: Street) -> None:
    documents = [
        {"id": "test.note/a", "spec": {"name": "A"}},
        {"id": "test.note/b", "spec": {"name": "B"}},
    ]
    bad = [*documents, {"id": "test.note/c", "spec": {}, "file": "c.yaml", "line": 3}]
    error = await street.refused("apply_documents", documents=bad)
    assert error["code"] == "invalid_config"
    assert "c.yaml:3" in error["message"]
    dry, _ = await street.rest("POST", "?dry_run=1", json={"documents": documents})
    assert [item["action"] for item in dry] == ["created", "created"]
    assert await street.ask("list") == []
    done, _ = await street.rest("POST", "", json={"documents": documents})
    assert [item["action"] for item in done] == ["created", "created"]
    again = await street.ask("apply_documents", documents=documents)
    assert [item["action"] for item in again] == ["unchanged", "unchanged"]
    await street.ask(
        "put", resource_type="test.file", key="a", spec={"text": "x", "password": "secret"}
    )
    found = await street.ask("export")
    assert found == (await street.rest("GET", "/-/export"))[0]
    assert found["test.file/a"]["password"] == {"sealed": True}
    assert set(await street.ask("export", resource_type="test.note")) == {
        "test.note/a",
        "test.note/b",
    }
    await street.rest("GET", "/-/export?resource_type=none.such", 404)


# --- subscriptions


async def events(client: Client, wanted: int, but: str | None = None) -> list[Any]:
    """Return the next events of a subscription, those of one action left out."""
    found: list[Any] = []
    while len(found) < wanted:
        message = await client.receive()
        if message["type"] == "event" and message["event"].get("action", "") != but:
            found.append(message["event"])
    return found


async def test_a_subscription_starts_with_everything_and_tells_each_change(street: Street) -> None:
    await street.ask("put", resource_type="test.note", key="a", spec={"name": "A"})
    follower = await street.house.connect()
    assert (await follower.call(type="resource/subscribe", resource_type="test.note"))["success"]
    (first,) = await events(follower, 1)
    assert [item["key"] for item in first["resources"]] == ["a"]
    one = await street.house.connect()
    await one.call(type="resource/subscribe", resource_type="test.note", key="b")
    assert await events(one, 1) == [{"resources": []}]
    await street.ask("put", resource_type="test.file", key="a", spec={"text": "x"})
    await street.ask("put", resource_type="test.note", key="a", spec={"name": "AA"})
    await street.ask("put", resource_type="test.note", key="b", spec={"name": "B"})
    await street.ask("delete", resource_type="test.note", key="b")
    told = await events(follower, 3, but="status")
    assert [(item["action"], item["resource"]["key"]) for item in told] == [
        ("updated", "a"),
        ("added", "b"),
        ("removed", "b"),
    ]
    assert told[0]["resource"]["title"] == "AA"
    told = await events(one, 2, but="status")
    assert [item["action"] for item in told] == ["added", "removed"]
    ended = await follower.call(type="unsubscribe_events", subscription=1)
    assert ended["success"]
    error = await street.refused("subscribe", resource_type="none.such")
    assert error["code"] == "not_found"


async def test_changes_within_one_turn_arrive_once(street: Street) -> None:
    await street.client.call(type="resource/subscribe", resource_type="test.file")
    await events(street.client, 1)
    resources = street.house.hub.resources
    for number in range(5):
        resource = await resources.put("test.note", "a", {"name": str(number)})
        assert resource
    street.files.gate.clear()  # nothing else changes the status meanwhile
    await resources.put("test.file", "a", {"text": "x"})
    await wait_until(lambda: resources.status("test.file", "a").phase is Phase.APPLYING)
    board = resources.board
    for number in range(50):
        board.set("test.file/a", board.get("test.file/a").but(message=str(number)))
    told = []
    while not told or told[-1]["resource"]["status"]["message"] != "49":
        told += await events(street.client, 1)
    street.files.gate.set()
    while told[-1]["resource"]["status"]["phase"] != "in_sync":
        told += await events(street.client, 1)
    messages = [item["resource"]["status"]["message"] for item in told]
    assert "25" not in messages
    assert told[0]["action"] == "added"


async def test_a_slow_follower_gets_the_newest_of_each(street: Street) -> None:
    follower = await street.house.connect()
    await follower.call(type="resource/subscribe", resource_type="test.note")
    await events(follower, 1)
    (connection,) = [
        each for each in street.house.running.api._websocket.connections if each._subscriptions
    ]
    resources = street.house.hub.resources
    connection.slow = True
    for number in range(20):
        await resources.put("test.note", "a", {"name": str(number)})
    await resources.put("test.note", "b", {"name": "gone"})
    await resources.delete("test.note", "b")
    await asyncio.sleep(0)
    assert connection._outbox_bytes == 0
    connection._catch_up()
    told = {item["resource"]["key"]: item for item in await events(follower, 2)}
    assert told["a"]["resource"]["title"] == "19"
    assert told["b"] == {
        "action": "removed",
        "resource": {"resource_type": "test.note", "key": "b"},
    }


# --- rights


async def test_nobody_sees_or_changes_what_is_not_his(street: Street) -> None:
    await street.ask("put", resource_type="test.note", key="a", spec={"name": "A"})
    auth = street.house.hub.auth
    user = await auth.users.create("Guest", role=Role.VIEWER)
    token = await auth.tokens.create_long_lived(user, "guest", 1)
    name = {"resource_type": "test.note", "key": "a"}
    guest = Street(street.house, street.files, await street.house.connect(token))
    may_read = user.may_resource("read", "test.note", "a")
    if may_read:
        assert (await guest.ask("get", **name))["may"] == ["read"]
    for kind, fields in (
        ("put", {"spec": {"name": "B"}}),
        ("delete", {}),
        ("apply", {}),
        ("rollback", {"to": 1}),
        ("plan", {"spec": {"name": "B"}}),
    ):
        assert (await guest.refused(kind, **name, **fields))["code"] == "unauthorized", kind
    documents = [{"id": "test.note/a", "spec": {"name": "B"}}]
    assert (await guest.refused("apply_documents", documents=documents))["code"] == "unauthorized"
    headers = {"Authorization": f"Bearer {token}", "If-Match": '"7"'}
    await street.rest("PUT", "/test.note/a", 403, json={"name": "B"}, headers=headers)
    await street.rest("DELETE", "/test.note/a", 403, headers=headers)
    assert street.house.hub.resources.get("test.note", "a").revision == 1


async def test_what_may_not_be_read_does_not_exist(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("a", "b"):
        await street.ask("put", resource_type="test.note", key=key, spec={"name": key})
    auth = street.house.hub.auth
    user = await auth.users.create("Guest", role=Role.VIEWER)
    token = await auth.tokens.create_long_lived(user, "guest", 1)
    denied = {"effect": "deny", "verbs": ["read"], "resource_type": ["*"]}
    left = {**denied, "except": [{"resource_type": ["test.note"], "resource_key": ["a"]}]}
    await auth.policies.put("only-a", [left])
    await auth.users.update(user.id, policies=["only-a"])
    guest = Street(street.house, street.files, await street.house.connect(token))
    assert [item["key"] for item in await guest.ask("list")] == ["a"]
    assert list(await guest.ask("export")) == ["test.note/a"]
    for kind in ("get", "history", "plan"):
        error = await guest.refused(kind, resource_type="test.note", key="b")
        assert error == {"code": "not_found", "message": "There is no test.note/b"}, kind
    await guest.client.call(type="resource/subscribe")
    (first,) = await events(guest.client, 1)
    assert [item["key"] for item in first["resources"]] == ["a"]
    await street.ask("put", resource_type="test.note", key="b", spec={"name": "hidden"})
    await street.ask("put", resource_type="test.note", key="a", spec={"name": "shown"})
    (told,) = await events(guest.client, 1)
    assert told["resource"]["title"] == "shown"


async def test_integrations_and_their_types(house: House) -> None:
    client = await house.connect()
    found = (await client.call(type="integration/list"))["result"]
    demo = next(item for item in found if item["domain"] == "demo")
    assert demo == {
        "domain": "demo",
        "name": "Demo",
        "loaded": True,
        "error": None,
        "types": demo["types"],
    }
    neasmart = next(item for item in found if item["domain"] == "neasmart")
    assert not neasmart["loaded"]
