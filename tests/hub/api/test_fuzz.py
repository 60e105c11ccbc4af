"""Random messages and bodies: every answer is a documented one, nothing is ever a defect."""

import logging
import random
from typing import TYPE_CHECKING, Any

import pytest

from hub.api.rest import all_routes
from hub.api.websocket.command import COMMANDS
from tests.hub.api.test_routes import concrete
from tests.peers.house import House

if TYPE_CHECKING:
    from collections.abc import Callable

LEAVE_ALONE = {
    "auth/delete_all_refresh_tokens",  # ends the connection that asks
    "auth/delete_refresh_token",
    "subscribe_events",  # its events would come between the answers
}
WORDS = ("", "a", "sensor.a", "switch.none", "*", "none", "all", "x" * 300, "ä", "\x00", "../..")
NUMBERS = (0, -1, 1, 2**31, 2**63, -(2**63), 1.5, 1e308)


def anything(rng: random.Random, depth: int = 2) -> Any:
    """Return a random JSON value."""
    kind = rng.randrange(8 if depth else 6)
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind in (2, 3):
        return rng.choice(WORDS)
    if kind in (4, 5):
        return rng.choice(NUMBERS)
    if kind == 6:
        return [anything(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {rng.choice(WORDS): anything(rng, depth - 1) for _ in range(rng.randrange(4))}


def fields_of(kind: str) -> list[str]:
    """Return the names of a command's fields."""
    schema = COMMANDS[kind].schema
    return [] if schema is None else [str(getattr(key, "schema", key)) for key in schema.schema]


def guess(rng: random.Random, house: House, field: str) -> Any:
    """Return a value that may fit a field, or anything."""
    hub = house.hub
    fitting: dict[str, Callable[[], Any]] = {
        "entity_id": lambda: rng.choice(hub.states.entity_ids()),
        "entity_ids": lambda: hub.states.entity_ids()[:2],
        "device_id": lambda: rng.choice(hub.devices.all()).id,
        "area_id": lambda: rng.choice([*(area.area_id for area in hub.areas.all()), "none"]),
        "domain": lambda: rng.choice(["switch", "climate", "number"]),
        "service": lambda: rng.choice(["turn_on", "set_temperature", "set_value"]),
        "name": lambda: f"Name {rng.randrange(50)}",
    }
    found = fitting.get(field)
    return found() if found is not None and rng.random() < 0.6 else anything(rng)


@pytest.mark.parametrize("seed", range(4))
async def test_random_commands(house: House, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
    client = await house.connect()
    kinds = sorted(set(COMMANDS) - LEAVE_ALONE)
    for _ in range(400):
        kind = rng.choice(kinds)
        names = [name for name in fields_of(kind) if rng.random() < 0.8]
        message = {name: guess(rng, house, name) for name in names}
        if rng.random() < 0.1:
            message[rng.choice(("extra", "Type", ""))] = anything(rng)
        message.pop("id", None)
        answer = await client.call(type=kind, **message)
        if answer["type"] == "result" and not answer["success"]:
            assert answer["error"]["code"] != "unknown_error", (kind, message, answer)
            assert answer["error"]["message"]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("seed", range(4))
async def test_random_requests(house: House, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
    routes = [route for route in all_routes() if route.path != "/auth/login_flow/{flow_id}"]
    paths = ["sensor.a", "a", "%00", "..", "x" * 300, "switch", "turn_on", "Ä", "a b"]
    for _ in range(300):
        route = rng.choice(routes)
        path = concrete(route)
        if rng.random() < 0.5:
            path = path.replace("sensor.a", rng.choice(paths)).replace("part", rng.choice(paths))
        body = rng.choice([None, b"", b"{", b"\xff\xfe", b"null", anything(rng), anything(rng)])
        sent = {"json": body} if not isinstance(body, bytes) else {"data": body}
        answer = await house.request(route.method, path, **sent)
        assert answer.status < 500, (route.method, path, body, await answer.text())
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_every_command_answers_a_viewer_and_an_empty_message(house: House) -> None:
    auth = house.hub.auth
    user = await auth.users.create("Viewer")
    viewer = await house.connect(await auth.tokens.create_long_lived(user, "viewer", 1))
    owner = await house.connect()
    for kind in sorted(set(COMMANDS) - LEAVE_ALONE):
        answer = await viewer.call(type=kind)
        if COMMANDS[kind].admin:
            assert answer["error"]["code"] == "unauthorized", kind
        for given in ({}, {"extra": 1}):
            answer = await owner.call(type=kind, **given)
            if answer["type"] == "result" and not answer["success"]:
                assert answer["error"]["code"] != "unknown_error", kind
            assert not (given and answer.get("success")), kind
