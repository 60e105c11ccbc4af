"""Rotating the sealing keys of a running hub."""

from hub.audit import Audit
from tests.peers.house import House


async def test_rotate_over_the_websocket(house: House) -> None:
    client = await house.connect()
    [old] = house.hub.secrets.keys
    derived = house.hub.secrets.derive("audit")
    reloads: list[str] = []

    async def reload() -> None:
        reloads.append("reload")

    house.hub.secrets.on_rotated.append(reload)
    answer = await client.call(type="hub/rotate_keys")
    [new] = house.hub.secrets.keys
    assert answer["result"]["key"] == new.id
    assert answer["result"]["dropped"] == [old.id]
    assert answer["result"]["values"] >= 1
    assert house.hub.secrets.derive("audit") == derived
    assert reloads == ["reload"]
    rows = await rotations(house.hub.audit)
    assert [(row["result"], row["data"]["dropped"]) for row in rows] == [("ok", [old.id])]


async def rotations(audit: Audit) -> list[dict[str, object]]:
    await audit.flush()
    return [row for row in await audit.query() if row["action"] == "secrets.rotate"]


async def test_rotate_over_rest(house: House) -> None:
    [old] = house.hub.secrets.keys
    response = await house.request("POST", "/api/secrets/rotate", json={"force": True})
    assert response.status == 200
    assert (await response.json())["dropped"] == [old.id]
    response = await house.request("POST", "/api/secrets/rotate")
    assert response.status == 200
    for body in ({"force": 1}, {"other": True}):
        response = await house.request("POST", "/api/secrets/rotate", json=body)
        assert response.status == 400


async def test_only_administrators_rotate(house: House) -> None:
    auth = house.hub.auth
    user = await auth.users.create("Other")
    token = await auth.tokens.create_long_lived(user, "other", 1)
    client = await house.connect(token)
    answer = await client.call(type="hub/rotate_keys")
    assert answer["error"]["code"] == "unauthorized"
    response = await house.session.post(
        f"{house.url}/api/secrets/rotate", headers={"Authorization": f"Bearer {token}"}
    )
    assert response.status in (401, 403)
