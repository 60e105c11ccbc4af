"""Every route needs a token but those of the one list, and asks for the right it names."""

import re
from collections.abc import Iterator

import pytest

from hub.api.middleware import guard
from hub.api.rest import all_routes
from hub.api.routes import PUBLIC, Route
from hub.auth import Role
from tests.peers.house import House

ALLOWED_WITHOUT_TOKEN = {
    "/",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource",
    "/api/onboarding",
    "/api/onboarding/installation_type",
    "/api/onboarding/users",
    "/api/webhook/{webhook_id}",
    "/api/websocket",
    "/auth/authorize",
    "/auth/login_flow",
    "/auth/login_flow/{flow_id}",
    "/auth/providers",
    "/auth/revoke",
    "/auth/token",
    "/healthz",
    "/manifest.json",
    "/readyz",
}


def concrete(route: Route) -> str:
    """Fill the parts of a path."""
    path = route.path
    path = path.replace("{resource_type}", "test.part").replace("{key}", "part")
    return re.sub(r"\{\w+\}", "part", path.replace("{entity_id}", "sensor.a"))


def guarded() -> Iterator[Route]:
    yield from (route for route in all_routes() if route.path not in PUBLIC)


def test_the_public_list_is_the_protocols() -> None:
    assert PUBLIC == ALLOWED_WITHOUT_TOKEN


def test_every_public_path_exists_and_methods_are_unique() -> None:
    routes = all_routes()
    assert PUBLIC - {route.path for route in routes} == {"/api/websocket"}
    assert len({(route.method, route.path) for route in routes}) == len(routes)
    assert guard is not None


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}], ids=["none", "wrong"])
async def test_every_other_route_is_401_without_a_good_token(
    house: House, headers: dict[str, str]
) -> None:
    for route in guarded():
        url = house.url + concrete(route)
        answer = await house.session.request(route.method, url, headers=headers)
        assert answer.status == 401, (route.method, route.path)
        assert await answer.text() == "401: Unauthorized"
        assert "oauth-protected-resource" in answer.headers["WWW-Authenticate"]


async def test_a_user_without_the_right_gets_403_json_and_is_not_counted(house: House) -> None:
    auth = house.hub.auth
    user = await auth.users.create("Viewer", role=Role.VIEWER)
    token = await auth.tokens.create_long_lived(user, "viewer", 1)
    headers = {"Authorization": f"Bearer {token}"}
    admin = [route for route in guarded() if route.admin]
    assert {route.path for route in admin} >= {
        "/api/states/{entity_id}",
        "/api/events/{event_type}",
    }
    for _ in range(10):
        for route in admin:
            answer = await house.request(route.method, concrete(route), headers=headers)
            assert answer.status == 403, (route.method, route.path)
            assert await answer.json() == {"message": "Unauthorized", "code": "unauthorized"}
    assert (await house.request("GET", "/api/config", headers=headers)).status == 200
    assert auth.wait("127.0.0.1") == 0


async def test_public_routes_answer_without_a_token(house: House) -> None:
    for route in all_routes():
        if route.path in PUBLIC and route.path != "/api/onboarding/installation_type":
            url = house.url + concrete(route)
            answer = await house.session.request(route.method, url)
            await answer.read()
            assert answer.status != 401, (route.method, route.path)
            assert answer.status < 500, (route.method, route.path)


async def test_a_large_body_from_a_stranger_is_not_read(house: House) -> None:
    answer = await house.session.post(f"{house.url}/auth/login_flow", data=b"x" * 70_000)
    await answer.read()
    assert answer.status == 413
