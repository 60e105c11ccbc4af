"""Every command and route is known for what it does, and refuses who may not do that.

A new command or route that only shows, or only touches the caller's own account, has to be named
here; everything else counts as a write, and is tried by a viewer.
"""

import re
from typing import Any

import pytest

from hub.api.rest import all_routes
from hub.api.routes import PUBLIC, Route
from hub.api.websocket.command import COMMANDS
from hub.api.websocket.commands import load_commands
from hub.auth import Role
from hub.auth.roles import BASE, VERBS
from tests.peers.house import Client, House

load_commands()

OWN = [
    "auth/current_user",
    "auth/delete_all_refresh_tokens",
    "auth/delete_refresh_token",
    "auth/depose_mfa",
    "auth/long_lived_access_token",
    "auth/refresh_token_set_expiry",
    "auth/refresh_tokens",
    "auth/setup_mfa",
    "auth/sign_path",
    "config/auth_provider/homeassistant/change_password",
    "ping",
    "supported_features",
    "unsubscribe_events",
]
READ = [
    "audit/list",
    "audit/subscribe",
    "audit/verify",
    "auth/bans",
    "automation/config",
    "automation/replay",
    "blueprint/list",
    "blueprint/substitute",
    "config/area_registry/list",
    "config/auth/list",
    "config/auth/tokens",
    "config/device_registry/list",
    "config/entity_registry/get",
    "config/entity_registry/get_entries",
    "config/entity_registry/list",
    "config/entity_registry/list_for_display",
    "config/floor_registry/list",
    "config/label_registry/list",
    "config_entries/get",
    "config_entries/get_single",
    "config_entries/subscribe",
    "counter/list",
    "counter/subscribe",
    "diagnostics/get",
    "diagnostics/list",
    "entity/source",
    "extract_from_target",
    "get_config",
    "get_services",
    "get_states",
    "history/history_during_period",
    "history/stream",
    "hub/health",
    "hub/info",
    "input_boolean/list",
    "input_boolean/subscribe",
    "input_button/list",
    "input_button/subscribe",
    "input_datetime/list",
    "input_datetime/subscribe",
    "input_number/list",
    "input_number/subscribe",
    "input_select/list",
    "input_select/subscribe",
    "input_text/list",
    "input_text/subscribe",
    "integration/list",
    "integration/setup_info",
    "job/get",
    "job/list",
    "job/log",
    "job/subscribe",
    "logbook/event_stream",
    "logbook/get_action_calls",
    "logbook/get_events",
    "manifest/get",
    "manifest/list",
    "policy/list",
    "recorder/get_statistics_metadata",
    "recorder/info",
    "recorder/list_statistic_ids",
    "recorder/policy",
    "recorder/statistic_during_period",
    "recorder/statistics_during_period",
    "recorder/usage",
    "recorder/validate_statistics",
    "references/dead",
    "references/of",
    "render_template",
    "resource/diff",
    "resource/export",
    "resource/get",
    "resource/history",
    "resource/list",
    "resource/plan",
    "resource/subscribe",
    "resource/types",
    "schedule/list",
    "schedule/subscribe",
    "script/config",
    "search/related",
    "subscribe_entities",
    "subscribe_events",
    "subscribe_trigger",
    "system_health/info",
    "system_log/list",
    "test_condition",
    "timer/list",
    "timer/subscribe",
    "trace/contexts",
    "trace/get",
    "trace/list",
    "validate_config",
]
ADMIN_READ = [
    "audit/list",
    "audit/subscribe",
    "audit/verify",
    "auth/bans",
    "config/auth/list",
    "config/auth/tokens",
    "config_entries/get_single",
    "logbook/get_action_calls",
    "policy/list",
    "subscribe_trigger",
    "test_condition",
]
"""Shown to administrators only; what others add to it is theirs to decide."""

OWN_ROUTES = {
    "DELETE /api/tokens/{token_id}",
    "GET /api/tokens",
    "POST /api/onboarding/integration",
    "POST /api/tokens",
    "POST /auth/link_user",
}
READING_POSTS = {
    "POST /api/automation/replay",
    "POST /api/onboarding/integration/wait",
    "POST /api/resources/{resource_type}/{key}/plan",
    "POST /api/template",
}


def routes() -> list[Route]:
    return [route for route in all_routes() if route.path not in PUBLIC]


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def url(route: Route) -> str:
    path = route.path.replace("{resource_type}", "test.part").replace("{entity_id}", "sensor.a")
    return re.sub(r"\{\w+\}", "part", path)


async def person(house: House, role: Role, **more: Any) -> tuple[Any, str]:
    auth = house.hub.auth
    user = await auth.users.create(role.title(), role=role, **more)
    return user, await auth.tokens.create_long_lived(user, "tests", 1)


def test_every_command_says_what_it_does() -> None:
    commands = COMMANDS.values()
    assert {it.type for it in commands if it.verb == "own"} == set(OWN)
    assert {it.type for it in commands if it.verb == "read"} == set(READ)
    assert {it.type: it.verb for it in commands if it.verb not in (*VERBS, "own")} == {}
    assert [it for it in OWN if COMMANDS[it].admin] == []
    assert [it for it in ADMIN_READ if not COMMANDS[it].admin] == []


def test_every_route_says_what_it_does() -> None:
    assert {name(it) for it in routes() if it.verb == "own"} == OWN_ROUTES
    shown = {name(it) for it in routes() if it.verb == "read" and it.method != "GET"}
    assert shown == READING_POSTS
    assert [name(it) for it in routes() if it.verb not in (*VERBS, "own")] == []
    assert [
        name(it) for it in routes() if it.method == "GET" and it.verb not in ("own", "read")
    ] == []


def forbidden_to(role: Role) -> list[str]:
    """Return the commands that a role may not use, each by the right it lacks."""
    base = BASE[role]
    return [
        it.type
        for it in COMMANDS.values()
        if (it.admin and not role.is_admin) or (it.door is not None and it.door not in base)
    ]


async def tried(client: Client, types: list[str]) -> dict[str, str]:
    """Send each command without fields; return its error code."""
    found = {}
    for name in types:
        answer = await client.call(type=name)
        found[name] = answer.get("error", {}).get("code", "")
    return found


async def denied(house: House, user_id: str) -> set[str]:
    await house.hub.audit.flush()
    rows = await house.hub.audit.query(action="denied", user_id=user_id, limit=1000)
    assert {row["result"] for row in rows} == {"denied"}
    return {row["target"] for row in rows}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_all_that_a_role_may_not_is_denied_and_audited(house: House, role: Role) -> None:
    user, token = await person(house, role)
    types = forbidden_to(role)
    writes = {it.type for it in COMMANDS.values() if it.verb == "write"}
    assert writes <= set(types)
    client = await house.connect(token)
    assert {it: c for it, c in (await tried(client, types)).items() if c != "unauthorized"} == {}
    assert await denied(house, user.id) == set(types)
    assert (await client.call(type="get_states"))["success"], "the connection lives on"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_the_same_over_rest(house: House, role: Role) -> None:
    user, token = await person(house, role)
    headers = {"Authorization": f"Bearer {token}"}
    forbidden = [
        it
        for it in routes()
        if it.admin or (it.verb not in ("own", "read") and it.verb not in BASE[role])
    ]
    assert {it.method for it in forbidden} >= {"POST", "PUT", "DELETE"}
    for route in forbidden:
        answer = await house.request(route.method, url(route), headers=headers)
        assert answer.status == 403, name(route)
        assert (await answer.json())["code"] == "unauthorized", name(route)
    assert await denied(house, user.id) == {f"{it.method} {url(it)}" for it in forbidden}
    assert not house.hub.auth.bans.active
    assert house.hub.auth.wait("127.0.0.1") == 0


async def test_an_operator_may_control_and_apply(house: House) -> None:
    _, token = await person(house, Role.OPERATOR)
    client = await house.connect(token)
    open_to = ["call_service", "resource/apply", "job/cancel"]
    assert "unauthorized" not in (await tried(client, open_to)).values()


async def test_a_viewer_sees_what_is_there(house: House) -> None:
    _, token = await person(house, Role.VIEWER)
    client = await house.connect(token)
    # All events at once are for administrators.
    shown = [it for it in READ if not COMMANDS[it].admin and it != "subscribe_events"]
    assert "unauthorized" not in (await tried(client, shown)).values()


async def test_all_is_open_to_the_owner(house: House) -> None:
    client = await house.connect()
    codes = await tried(client, sorted(set(COMMANDS) - {"auth/delete_all_refresh_tokens"}))
    assert "unauthorized" not in codes.values()
