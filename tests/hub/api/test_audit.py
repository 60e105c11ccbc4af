"""The audit log through the doors: what is written, and who may read it."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from typing import Any

from tests.hub.api.conftest import Visitor
from tests.peers.house import House
from tests.peers.hub import HubProcess, run_hub


async def rows(house: House, **wanted: Any) -> list[dict[str, Any]]:
    """Return the newest rows, with those that waited."""
    await house.hub.audit.flush()
    return await house.hub.audit.query(**wanted)


async def viewer(house: House) -> tuple[str, str]:
    """Make a user without rights; return his id and a token."""
    user = await house.hub.auth.users.create("Viewer")
    await house.hub.auth.users.update(user.id, role="viewer")
    return user.id, await house.hub.auth.tokens.create_long_lived(user, "tests", 1)


async def test_logins_are_written_with_who_and_from_where(house: House, visitor: Visitor) -> None:
    await visitor.exchange(await visitor.code())
    _, form = await visitor.begin()
    await visitor.step(form["flow_id"], password="wrong")
    failed, login = await rows(house, action="login*", limit=2)
    assert (login["action"], login["target"], login["result"]) == ("login", "owner", "ok")
    assert (login["user_name"], login["address"]) == ("Owner", "127.0.0.1")
    assert (failed["action"], failed["target"], failed["result"]) == (
        "login.failed",
        "owner",
        "denied",
    )
    assert failed["address"] == "127.0.0.1"
    assert "wrong" not in json.dumps(await rows(house))


async def test_a_denied_rest_call_is_written(house: House) -> None:
    user_id, token = await viewer(house)
    answer = await house.session.get(
        f"{house.url}/api/audit", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status == 403
    (row,) = await rows(house, action="denied")
    assert row["target"] == "GET /api/audit"
    assert (row["user_id"], row["user_name"], row["result"]) == (user_id, "Viewer", "denied")
    assert row["address"] == "127.0.0.1"


async def test_a_denied_hot_call_is_written(house: House) -> None:
    user_id, token = await viewer(house)
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{house.url}/api/states/sensor.x"
    async with house.session.post(url, headers=headers, json={"state": "1"}) as answer:
        assert answer.status == 403
    (row,) = await rows(house, action="denied")
    assert (row["target"], row["user_id"]) == ("POST /api/states/sensor.x", user_id)
    assert row["address"] == "127.0.0.1"


async def test_a_denied_websocket_command_is_written_once_with_a_count(house: House) -> None:
    user_id, token = await viewer(house)
    client = await house.connect(token)
    async with house.hub.audit._writing:  # what is noted meanwhile waits, however long it takes
        for _ in range(3):
            assert (await client.call(type="audit/list"))["error"]["code"] == "unauthorized"
    (row,) = await rows(house, action="denied")
    assert (row["target"], row["user_id"], row["data"]["count"]) == ("audit/list", user_id, 3)
    assert row["address"] == "127.0.0.1"


async def test_bad_tokens_are_written(house: House) -> None:
    await house.session.get(f"{house.url}/api/", headers={"Authorization": "Bearer nonsense"})
    ws = await house.session.ws_connect(f"{house.url}/api/websocket")
    await ws.receive_json()
    await ws.send_json({"type": "auth", "access_token": "nonsense"})
    await ws.receive_json()
    await ws.close()
    found = await rows(house, action="token.refused")
    assert {row["target"] for row in found} == {"http", "websocket"}
    assert {row["address"] for row in found} == {"127.0.0.1"}
    assert "nonsense" not in json.dumps(found)


async def test_users_roles_and_tokens_are_written(house: House) -> None:
    user_id, _ = await viewer(house)
    await house.hub.auth.tokens.revoke_all(user_id)
    await house.hub.auth.users.remove(user_id)
    found = await rows(house)
    # Changes of users are rows of their own transactions, tokens are noted a moment later.
    users = [row for row in found if row["action"].startswith("user.")]
    assert [row["action"] for row in users[:3]] == ["user.remove", "user.update", "user.create"]
    assert users[1]["data"]["changed"] == {"role": "viewer"}
    tokens = [row["action"] for row in found if row["action"].startswith("token.")]
    assert tokens[:2] == ["token.revoke", "token.create"]


async def test_registry_writes_of_users_are_written_and_those_of_integrations_not(
    house: House,
) -> None:
    client = await house.connect()
    await client.call(type="config/area_registry/create", name="Attic")
    await client.call(type="config/area_registry/update", area_id="attic", name="Loft")
    update, create = await rows(house, action="area.*")
    assert (create["action"], create["target"]) == ("area.create", "attic")
    assert update["action"] == "area.update"
    assert (create["user_name"], create["address"]) == ("Owner", "127.0.0.1")
    assert await rows(house, action="entity.*") == []


async def test_the_log_is_listed_proved_and_followed(house: House) -> None:
    client = await house.connect()
    assert (await client.call(type="audit/subscribe"))["success"]
    await client.call(type="config/area_registry/create", name="Attic")
    told: list[dict[str, Any]] = []
    while "area.create" not in [row["action"] for row in told]:  # the start's row may come before
        told += (await client.receive())["event"]["rows"]
    assert told[-1]["action"] == "area.create"
    listed = (await client.call(type="audit/list", action="area.create"))["result"]
    assert [row["target"] for row in listed] == ["attic"]
    report = (await client.call(type="audit/verify"))["result"]
    assert report["ok"]
    assert report["rows"] >= 3


async def test_rest_pages_proves_and_exports(house: House) -> None:
    for name in ("One", "Two", "Three"):
        house.hub.areas.create(name)
        house.hub.audit.note(_entry(name))
    await house.hub.audit.flush()
    first = await (await house.request("GET", "/api/audit?limit=2&action=test.x")).json()
    assert [row["target"] for row in first] == ["Three", "Two"]
    path = f"/api/audit?action=test.x&before={first[-1]['seq']}"
    assert [row["target"] for row in await (await house.request("GET", path)).json()] == ["One"]
    assert (await (await house.request("GET", "/api/audit/verify")).json())["ok"]
    answer = await house.request("GET", "/api/audit/export")
    lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert answer.headers["Content-Type"].startswith("application/x-ndjson")
    (seen,) = await rows(house, action="audit.export")
    assert seen["user_name"] == "Owner"


async def test_a_wrong_filter_is_refused_in_words(house: House) -> None:
    for query in ("limit=x", "limit=0", "limit=1001", "before=-1", "result=maybe", "other=1"):
        answer = await house.request("GET", f"/api/audit?{query}")
        assert (answer.status, (await answer.json())["code"]) == (400, "invalid_format"), query


def _entry(target: str) -> Any:
    from hub.audit import Entry

    return Entry("test.x", target)


# --- the command line and the real process


def test_the_command_line_lists_proves_and_exports(hub_process: HubProcess) -> None:
    home = {"HUB_URL": hub_process.url, "HUB_TOKEN": hub_process.token}
    found: list[Any] = []
    while not found:  # the row follows the start within a quarter of a second
        listed = run_hub("audit", "list", "-o", "json", "--action", "hub.*", **home)
        assert listed.returncode == 0, listed.stderr
        found = json.loads(listed.stdout)
    assert [row["action"] for row in found] == ["hub.start"]
    table = run_hub("audit", "list", **home)
    assert "hub.start" in table.stdout
    proved = run_hub("audit", "verify", **home)
    assert proved.returncode == 0, proved.stderr
    exported = run_hub("audit", "export", **home)
    assert json.loads(exported.stdout.splitlines()[0])["seq"] == 1


def test_a_stopped_or_changed_log_is_proved_from_its_folder(
    start_hub: Callable[..., HubProcess],
) -> None:
    hub = start_hub()
    data = str(hub.data)
    running = run_hub("audit", "verify", "--offline", "--data", data, "-o", "json")
    assert running.returncode == 0, running.stderr
    hub.stop()
    before = (hub.data / "hub.db").read_bytes()
    stopped = run_hub("audit", "verify", "--offline", "--data", data, "-o", "json")
    assert (stopped.returncode, json.loads(stopped.stdout)["ok"]) == (0, True)
    assert (hub.data / "hub.db").read_bytes() == before
    file = sqlite3.connect(hub.data / "hub.db")
    file.execute("UPDATE audit SET user_name = 'me' WHERE seq = 1")
    file.commit()
    file.close()
    changed = run_hub("audit", "verify", "--offline", "--data", data)
    assert changed.returncode == 3
    assert "row 1 is not what was written" in changed.stdout
    assert "CHANGED" in changed.stderr


def test_a_folder_without_a_log_is_told_in_words(tmp_path: Any) -> None:
    done = run_hub("audit", "verify", "--offline", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "hub.db does not exist" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_row_that_was_acknowledged_survives_a_power_cut(
    start_hub: Callable[..., HubProcess],
) -> None:
    import signal

    import aiohttp

    hub = start_hub()
    async with aiohttp.ClientSession(headers=hub.headers) as session:
        url = f"{hub.url}/api/audit"
        await session.get(f"{url}/export")
        async with asyncio.timeout(30):
            while True:
                async with session.get(f"{url}?action=audit.export") as answer:
                    if await answer.json():
                        break
    hub.stop(signal.SIGKILL)
    proved = run_hub("audit", "verify", "--offline", "--data", str(hub.data), "-o", "json")
    assert json.loads(proved.stdout)["ok"], proved.stdout
    file = sqlite3.connect(hub.data / "hub.db")
    assert file.execute("SELECT count(*) FROM audit WHERE action='audit.export'").fetchone() == (1,)
    file.close()


async def test_a_signed_link_exports(house: House) -> None:
    (first, *_) = await rows(house)
    client = await house.connect()
    signed = await client.call(type="auth/sign_path", path="/api/audit/export")
    async with house.session.get(house.url + signed["result"]["path"]) as answer:
        assert answer.status == 200
        lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert first["action"] in {line["action"] for line in lines}


async def test_a_service_that_waits_is_denied_with_who_and_from_where(house: House) -> None:
    from hub.errors import Unauthorized

    async def refuse(_call: Any) -> None:
        await asyncio.sleep(0)
        raise Unauthorized

    house.hub.services.register("test", "refuse", refuse)
    client = await house.connect()
    await client.call(type="call_service", domain="test", service="refuse")
    await house.request("POST", "/api/services/test/refuse", json={})
    found = await rows(house, action="denied")
    assert {row["target"] for row in found} == {"call_service", "a service call over REST"}
    assert {row["user_name"] for row in found} == {"Owner"}
    assert {row["address"] for row in found} == {"127.0.0.1"}


async def test_what_the_hub_does_later_is_not_laid_to_who_was_there(house: House) -> None:
    """A task that outlives a request carries neither its user nor its address."""
    from hub.audit import Entry

    noted = asyncio.Event()

    async def later() -> None:
        house.hub.audit.note(Entry("test.later", "x"))
        noted.set()

    async def start(_call: Any) -> None:
        house.hub.tasks.spawn(later(), "later")

    house.hub.services.register("test", "start", start)
    client = await house.connect()
    await client.call(type="call_service", domain="test", service="start")
    await noted.wait()
    (row,) = await rows(house, action="test.later")
    assert (row["user_id"], row["address"]) == (None, None)
