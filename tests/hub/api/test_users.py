"""Users, tokens, policies, second factors and bans, asked for over websocket and REST."""

from typing import Any

import pyotp
import pytest

from hub.auth import Role
from hub.storage.tables import totp
from tests.hub.api.conftest import Visitor
from tests.peers.house import Client, House

GOOD = "a long password"
PROVIDER = "config/auth_provider/homeassistant"


async def ask(client: Client, type: str, **fields: Any) -> Any:
    """Return the result of a command, or its error code."""
    answer = await client.call(type=type, **fields)
    return answer["result"] if answer["success"] else answer["error"]["code"]


async def boss(house: House) -> Client:
    """Return a websocket of an administrator who is not the owner."""
    auth = house.hub.auth
    user = await auth.users.create("Boss", role=Role.ADMIN)
    return await house.connect(await auth.tokens.create_long_lived(user, "tests", 1))


async def test_groups_are_roles(house: House) -> None:
    client = await house.connect()
    for group, role in (
        ("system-admin", "admin"),
        ("system-users", "operator"),
        ("system-read-only", "viewer"),
    ):
        made = (await ask(client, "config/auth/create", name="A", group_ids=[group]))["user"]
        assert (made["role"], made["group_ids"], made["is_owner"]) == (role, [group], False)
    updated = await ask(
        client, "config/auth/update", user_id=made["id"], group_ids=["system-users"], name="B"
    )
    assert (updated["user"]["role"], updated["user"]["name"]) == ("operator", "B")
    assert (await ask(client, "config/auth/create", name="C"))["user"]["role"] == "operator"
    listed = await ask(client, "config/auth/list")
    assert [user["role"] for user in listed] == [
        "owner",
        "admin",
        "operator",
        "operator",
        "operator",
    ]
    for fields, code in (
        ({"group_ids": ["nope"]}, "invalid_info"),
        ({"group_ids": [], "role": "admin"}, "invalid_format"),
        ({"role": "king"}, "invalid_format"),
        ({"policies": ["nope"]}, "not_found"),
        ({"role": "owner"}, "not_allowed"),
    ):
        assert await ask(client, "config/auth/create", name="X", **fields) == code, fields
    assert await ask(client, "config/auth/update", user_id="nope", name="X") == "not_found"


async def test_the_life_of_a_user_over_the_websocket(house: House) -> None:
    client = await house.connect()
    user = (await ask(client, "config/auth/create", name="Carl", role="viewer"))["user"]
    named = {"user_id": user["id"], "username": "Carl", "password": GOOD}
    assert await ask(
        client, f"{PROVIDER}/admin_change_password", user_id=user["id"], password=GOOD
    ) == ("credentials_not_found")
    assert (
        await ask(client, f"{PROVIDER}/create", **{**named, "password": "short"}) == "weak_password"
    )
    assert await ask(client, f"{PROVIDER}/create", **named) is None
    assert await ask(client, f"{PROVIDER}/create", **named) == "credentials_exist"
    change = {"user_id": user["id"], "username": "karl"}
    assert await ask(client, f"{PROVIDER}/admin_change_username", **change) is None
    change = {"user_id": user["id"], "password": f"{GOOD} 2"}
    assert await ask(client, f"{PROVIDER}/admin_change_password", **change) is None
    for command in ("admin_change_password", "admin_change_username"):
        field = command.removeprefix("admin_change_")
        asked = {"user_id": "nope", field: "something"}
        assert await ask(client, f"{PROVIDER}/{command}", **asked) == "user_not_found"
    auth = house.hub.auth
    found = await auth.login("karl", f"{GOOD} 2")
    token = await auth.tokens.create_long_lived(found, "phone", 1)
    theirs = await house.connect(token)
    own = {"current_password": f"{GOOD} 2", "new_password": GOOD}
    assert await ask(theirs, f"{PROVIDER}/change_password", **own) is None
    assert await ask(theirs, f"{PROVIDER}/change_password", **own) == "invalid_current_password"
    weak = {"current_password": GOOD, "new_password": "karl"}
    assert await ask(theirs, f"{PROVIDER}/change_password", **weak) == "weak_password"
    (listed,) = await ask(client, "config/auth/tokens", user_id=user["id"])
    assert (listed["client_name"], listed["is_current"]) == ("phone", False)
    asked = {"user_id": user["id"], "refresh_token_id": listed["id"]}
    assert await ask(client, "config/auth/delete_token", **asked) is None
    assert await ask(client, "config/auth/delete_token", **asked) == "not_found"
    await theirs.ws.receive(timeout=30)
    assert theirs.ws.closed
    assert await ask(client, f"{PROVIDER}/delete", username="karl") is None
    assert await ask(client, f"{PROVIDER}/delete", username="karl") == "not_found"
    assert await ask(client, "config/auth/delete", user_id=user["id"]) is None
    assert await ask(client, "config/auth/delete", user_id=user["id"]) == "not_found"
    me = (await ask(client, "auth/current_user"))["id"]
    assert await ask(client, "config/auth/delete", user_id=me) == "no_delete_self"


async def test_administrators_do_not_reach_above_themselves(house: House) -> None:
    client = await boss(house)
    owner = house.hub.auth.users.by_username("owner")
    assert owner is not None
    token = house.hub.auth.tokens.by_user(owner.id)[0].id
    for command, fields in (
        ("config/auth/update", {"name": "X"}),
        ("config/auth/update", {"role": "viewer"}),
        (f"{PROVIDER}/admin_change_password", {"password": GOOD}),
        (f"{PROVIDER}/admin_change_username", {"username": "x"}),
        ("config/auth/delete_token", {"refresh_token_id": token}),
        ("config/auth/reset_mfa", {}),
    ):
        assert await ask(client, command, user_id=owner.id, **fields) in (
            "unauthorized",
            "not_allowed",
        )
    assert await ask(client, "config/auth/delete", user_id=owner.id) == "not_allowed"
    assert await ask(client, "config/auth/create", name="X", role="admin") == "unauthorized"
    assert (await ask(client, "config/auth/create", name="X", role="operator"))["user"]
    assert owner.is_owner


async def test_the_ownership_is_handed_over(house: House) -> None:
    client, auth = await house.connect(), house.hub.auth
    heir = await auth.users.create("Heir", credentials=("heir", GOOD))
    done = await ask(client, "config/auth/update", user_id=heir.id, role="owner")
    assert done["user"]["is_owner"]
    await client.ws.receive(timeout=30)
    assert client.ws.closed, "the former owner's rights have changed"
    again = await house.connect()
    assert (await ask(again, "auth/current_user"))["role"] == "admin"
    assert await ask(again, "config/auth/update", user_id=heir.id, name="X") == "unauthorized"


async def test_policies_over_the_websocket(house: House) -> None:
    client = await house.connect()
    rules = [{"effect": "allow", "verbs": ["control"], "area": ["kitchen"]}]
    made = await ask(client, "policy/put", name="kitchen", rules=rules, description="Cooks")
    assert (made["rules"], made["user_ids"]) == (rules, [])
    user = (await ask(client, "config/auth/create", name="A", role="viewer", policies=["kitchen"]))[
        "user"
    ]
    assert user["policies"] == ["kitchen"]
    assert (await ask(client, "policy/list"))[0]["user_ids"] == [user["id"]]
    assert await ask(client, "policy/delete", name="kitchen") == "not_allowed"
    bad = await client.call(
        type="policy/put", name="x", rules=[{"effect": "allow", "verbs": ["fly"]}]
    )
    assert bad["error"]["code"] == "invalid_policy"
    assert bad["error"]["problems"][0]["path"] == "rules.0.verbs.0"
    assert (await client.call(type="policy/put", name=5, rules=5))["error"][
        "code"
    ] == "invalid_policy"
    await ask(client, "config/auth/update", user_id=user["id"], policies=[])
    assert await ask(client, "policy/delete", name="kitchen") is None
    assert await ask(client, "policy/list") == []
    await house.hub.audit.flush()
    rows = await house.hub.audit.query(action="policy.*")
    assert [row["action"] for row in rows] == ["policy.delete", "policy.put"]
    assert rows[1]["user_name"] == "Owner"
    assert rows[1]["data"]["rules"] == rules


async def test_a_second_factor_over_the_websocket(house: House, visitor: Visitor) -> None:
    client = await house.connect()
    assert await ask(client, "auth/depose_mfa", mfa_module_id="totp") == "disable_failed"
    for fields, code in (
        ({}, "invalid_format"),
        ({"mfa_module_id": "totp", "flow_id": "x"}, "invalid_format"),
        ({"mfa_module_id": "notify"}, "no_module"),
        ({"flow_id": "nope"}, "unknown_flow"),
    ):
        assert await ask(client, "auth/setup_mfa", **fields) == code, fields
    form = await ask(client, "auth/setup_mfa", mfa_module_id="totp")
    told = form["description_placeholders"]
    assert told["qr_code"].startswith("<svg")
    app = pyotp.TOTP(told["code"])
    flow = {"flow_id": form["flow_id"]}
    wrong = await ask(client, "auth/setup_mfa", **flow, user_input={"code": "12"})
    assert wrong["errors"] == {"base": "invalid_code"}
    done = await ask(client, "auth/setup_mfa", **flow, user_input={"code": app.now()})
    assert (done["type"], len(done["recovery_codes"])) == ("create_entry", 10)
    me = await ask(client, "auth/current_user")
    assert me["mfa_modules"] == [{"id": "totp", "name": "Authenticator app", "enabled": True}]

    _, first = await visitor.begin()
    _, second = await visitor.step(first["flow_id"])
    assert (second["step_id"], second["data_schema"][0]["name"]) == ("mfa", "code")
    path = f"/auth/login_flow/{first['flow_id']}"
    body = {"client_id": visitor.client_id, "code": done["recovery_codes"][0]}
    answer = await house.session.post(house.url + path, json=body)
    assert answer.headers["Cache-Control"] == "no-store"
    ended = await answer.json()
    assert ended["type"] == "create_entry", ended

    await house.hub.audit.flush()
    told_of = {row["action"] for row in await house.hub.audit.query(action="user.totp*")}
    assert told_of == {"user.totp", "user.totp.recovery"}
    assert await ask(client, "auth/depose_mfa", mfa_module_id="totp") == "done"


async def test_an_administrator_resets_a_lost_second_factor(house: House) -> None:
    auth = house.hub.auth
    user = await auth.users.create("Carl", credentials=("carl", GOOD))
    offer = auth.totp.offer(user, "x")
    await auth.totp.enable(user, offer.secret, pyotp.TOTP(offer.secret).now())
    client = await boss(house)
    assert await ask(client, "config/auth/reset_mfa", user_id=user.id) is None
    assert await ask(client, "config/auth/reset_mfa", user_id=user.id) == "not_found"
    (row,) = await house.hub.audit.query(action="user.totp.reset")
    assert (row["target"], row["user_name"]) == (f"user/{user.id}", "Boss")


async def test_the_sealed_secret_survives_a_rotation_of_the_keys(house: House) -> None:
    auth, client = house.hub.auth, await house.connect()
    user = await auth.users.create("Carl", credentials=("carl", GOOD))
    offer = auth.totp.offer(user, "x")
    app = pyotp.TOTP(offer.secret)
    await auth.totp.enable(user, offer.secret, app.now())
    rotated = await client.call(type="hub/rotate_keys")
    async with house.hub.database.read() as connection:
        sealed = (await connection.execute(totp.select())).one().secret
    assert sealed.split(":")[1] == rotated["result"]["key"]
    # The next step's code is good already, and still when that step has begun meanwhile.
    assert await auth.totp.verify(user, app.at(int(house.hub.clock.time()) + 30))


async def test_tokens_do_not_end_when_told_so(house: House) -> None:
    client, tokens = await house.connect(), house.hub.auth.tokens
    owner = house.hub.auth.users.by_username("owner")
    assert owner is not None
    token, _ = await tokens.create_refresh_token(owner, "http://127.0.0.1/")
    set_it = {"refresh_token_id": token.id}
    assert token.expire_at is not None
    assert await ask(client, "auth/refresh_token_set_expiry", **set_it, enable_expiry=False) == {}
    assert token.expire_at is None
    assert await ask(client, "auth/refresh_token_set_expiry", **set_it, enable_expiry=True) == {}
    assert token.expire_at is not None
    set_it["refresh_token_id"] = "nope"
    code = await ask(client, "auth/refresh_token_set_expiry", **set_it, enable_expiry=True)
    assert code == "invalid_token_id"


async def test_linking_credentials(house: House, visitor: Visitor) -> None:
    auth = house.hub.auth
    await auth.users.create("Carl", credentials=("carl", GOOD))

    async def link(code: str) -> tuple[int, str]:
        body = {"code": code, "client_id": visitor.client_id}
        answer = await house.request("POST", "/auth/link_user", json=body)
        return answer.status, (await answer.json())["message"]

    assert await link("nope") == (400, "Invalid code")
    code = await visitor.code()
    assert await link(code) == (200, "User linked")
    assert await link(code) == (400, "Invalid code")
    _, form = await visitor.begin()
    _, done = await visitor.step(form["flow_id"], username="carl", password=GOOD)
    assert await link(done["result"]) == (400, "Credential already linked")


async def test_the_life_of_a_user_over_rest(house: House) -> None:
    async def rest(method: str, path: str, **body: Any) -> tuple[int, Any]:
        answer = await house.request(method, f"/api/{path}", **({"json": body} if body else {}))
        return answer.status, await answer.json()

    status, made = await rest("POST", "users", username="Carl", password=GOOD, role="viewer")
    assert (status, made["username"], made["name"], made["role"]) == (201, "carl", "Carl", "viewer")
    assert (await rest("GET", "users/carl"))[1] == (await rest("GET", f"users/{made['id']}"))[1]
    assert len((await rest("GET", "users"))[1]) == 2
    status, changed = await rest("POST", "users/carl", role="operator", name="C")
    assert (status, changed["role"], changed["name"]) == (200, "operator", "C")
    assert (await rest("PUT", "users/carl/password", password="short"))[1][
        "code"
    ] == "weak_password"
    assert (await rest("PUT", "users/carl/password", password=f"{GOOD} 2"))[0] == 200
    assert (await rest("DELETE", "users/carl/totp"))[0] == 404
    for body, code in (
        ({"username": "x"}, "invalid_format"),
        ({"role": "viewer"}, "invalid_format"),
        ({"name": "x", "colour": "red"}, "invalid_format"),
        ({"username": "carl", "password": GOOD}, "credentials_exist"),
    ):
        assert (await rest("POST", "users", **body))[1]["code"] == code, body
    assert (await rest("GET", "users/nobody"))[0] == 404
    status, mine = await rest("POST", "tokens", client_name="cli")
    assert (status, mine["days"]) == (201, 3650)
    headers = {"Authorization": f"Bearer {mine['token']}"}
    assert (await house.request("GET", "/api/", headers=headers)).status == 200
    listed = {token["client_name"]: token["id"] for token in (await rest("GET", "tokens"))[1]}
    assert (await rest("DELETE", f"tokens/{listed['cli']}"))[0] == 200
    assert (await rest("DELETE", f"tokens/{listed['cli']}"))[0] == 404
    assert (await house.request("GET", "/api/", headers=headers)).status == 401
    user = house.hub.auth.users.by_username("carl")
    assert user is not None
    await house.hub.auth.tokens.create_long_lived(user, "phone", 1)
    (theirs,) = (await rest("GET", "users/carl/tokens"))[1]
    assert (await rest("DELETE", f"tokens/{theirs['id']}"))[0] == 404
    assert (await rest("DELETE", f"users/carl/tokens/{theirs['id']}"))[0] == 200
    rules = [{"effect": "deny", "verbs": ["read"], "domain": ["lock"]}]
    assert (await rest("PUT", "policies/no-locks", rules=rules))[1]["rules"] == rules
    status, bad = await rest("PUT", "policies/no-locks", rules=[{}])
    assert (status, bad["code"]) == (400, "invalid_policy")
    assert bad["problems"]
    assert [policy["name"] for policy in (await rest("GET", "policies"))[1]] == ["no-locks"]
    assert (await rest("DELETE", "policies/no-locks"))[0] == 200
    assert (await rest("DELETE", "users/carl"))[0] == 200
    assert (await rest("DELETE", "users/carl"))[0] == 404


PROXIED = """
hub:
  name: Test house
mqtt:
  enabled: false
http:
  trusted_proxies: [127.0.0.1]
auth:
  ban_after: 6
  ban_minutes: 5
"""


async def test_a_guesser_behind_a_proxy_is_banned_and_nobody_else(make_house: Any) -> None:
    house: House = await make_house(PROXIED)

    async def get(token: str, forwarded: str) -> int:
        headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": forwarded}
        return (await house.request("GET", "/api/states/a.b", headers=headers)).status

    guesser, other = "203.0.113.7", "203.0.113.8"
    for number in range(6):
        # The guesser puts other addresses in front; the proxy adds the real one behind.
        assert await get(f"bad {number}", f"127.0.0.1, 10.0.0.{number}, {guesser}") == 401
    assert await get(house.token, guesser) == 403
    assert await get(house.token, f"8.8.8.8, {guesser}") == 403
    assert await get(house.token, f"::ffff:{guesser}") == 403
    assert await get(house.token, other) == 404
    assert await get(house.token, f"{guesser}, {other}") == 404
    headers = {"X-Forwarded-For": guesser}
    for path in ("/", "/auth/providers", "/api/websocket"):
        answer = await house.session.get(house.url + path, headers=headers)
        assert answer.status == 403, path
        assert (await answer.json())["code"] == "banned"
    client = await house.connect()
    (ban,) = await ask(client, "auth/bans")
    assert (ban["address"], ban["attempts"]) == (guesser, 6)
    assert await ask(client, "auth/unban", address=other) == "not_found"
    assert await ask(client, "auth/unban", address=guesser) is None
    assert await get(house.token, guesser) == 404
    await house.hub.audit.flush()
    for action in ("ban", "unban"):
        (row,) = await house.hub.audit.query(action=action)
        assert row["target"] == f"address/{guesser}"


async def test_missing_rights_ban_nobody(make_house: Any) -> None:
    house: House = await make_house(PROXIED)
    auth = house.hub.auth
    user = await auth.users.create("Viewer", role=Role.VIEWER)
    token = await auth.tokens.create_long_lived(user, "tests", 1)
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "203.0.113.7"}
    for _ in range(20):
        answer = await house.request("GET", "/api/users", headers=headers)
        assert answer.status == 403
        assert (await answer.json())["code"] == "unauthorized"
    assert not auth.bans.active


async def test_a_websocket_with_bad_tokens_bans_and_the_direct_header_is_not_believed(
    make_house: Any,
) -> None:
    house: House = await make_house(PROXIED.replace("trusted_proxies: [127.0.0.1]", "port: 8123"))
    for number in range(20):
        headers = {
            "Authorization": f"Bearer bad {number}",
            "X-Forwarded-For": "203.0.113.7",
        }
        answer = await house.request("GET", "/api/config", headers=headers)
        assert answer.status == 401
    assert house.hub.auth.bans.all() == [], "the header counts only from listed proxies"
    proxied: House = await make_house(PROXIED)
    for number in range(6):
        ws = await proxied.session.ws_connect(
            f"{proxied.url}/api/websocket", headers={"X-Forwarded-For": "2001:db8:1:2::3"}
        )
        await ws.receive_json(timeout=30)
        await ws.send_json({"type": "auth", "access_token": f"bad {number}"})
        assert (await ws.receive_json(timeout=30))["type"] == "auth_invalid"
        await ws.close()
    assert [ban.address for ban in proxied.hub.auth.bans.all()] == ["2001:db8:1:2::/64"]


@pytest.mark.parametrize("address", ["", "x" * 5000, "203.0.113.7\n"])
async def test_odd_addresses_are_not_banned(house: House, address: str) -> None:
    client = await house.connect()
    assert await ask(client, "auth/unban", address=address) in ("not_found", "invalid_format")
