"""Random messages and bodies: every answer is a documented one, nothing is ever a defect."""

import logging
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hub.api.rest import all_routes
from hub.api.websocket.command import COMMANDS
from tests.hub.api.outside import register
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


def some_job(rng: random.Random, house: House) -> str:
    """Return a job's id; how many there are by now does not change what is drawn next."""
    found = [*(job.id for job in house.hub.jobs.list()), "none"]
    return found[int(rng.random() * len(found))]


def likely(rng: random.Random, house: House, field: str) -> Any:
    """Return a value that often fits a field of a command for resources and jobs."""
    spec = {
        "text": rng.choice("abc"),
        "password": rng.choice([{"sealed": True}, *["long enough"] * 3]),
    }
    texts: dict[str, Callable[[], Any]] = {
        "resource_type": lambda: rng.choice([*["test.file"] * 4, "test.note", "no.such"]),
        "key": lambda: rng.choice("abcdef"),
        "spec": lambda: rng.choice(
            [spec, spec, {"name": "x"}, {**spec, "beside": rng.choice("abx")}]
        ),
        "job_id": lambda: some_job(rng, house),
        "documents": lambda: [{"id": f"test.note/{rng.choice('ab')}", "spec": {"name": "x"}}],
        "prune": lambda: ["a.yaml"],
        "if_revision": lambda: rng.choice([*[None] * 6, 0, 1, 2]),
        "note": lambda: "why",
        "old": lambda: 1,
        "new": lambda: rng.choice([None, 1, 2]),
        "to": lambda: 1,
        "revision": lambda: 1,
        "state": lambda: "done",
        "target": lambda: "test.file/a",
    }
    flags = ("dry_run", "cascade", "force", "log")
    if rng.random() < 0.1:
        return anything(rng)
    if field in flags:
        return rng.random() < 0.5
    return texts.get(field, lambda: rng.randrange(5))()


@pytest.mark.parametrize("seed", range(4))
async def test_random_resources_and_jobs(
    house: House, seed: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
    register(house.hub, tmp_path / "files")
    client = await house.connect()
    kinds = [kind for kind in sorted(COMMANDS) if kind.startswith(("resource/", "job/"))]
    for key in "abcd":
        await house.hub.resources.put("test.file", key, {"text": key})
    done: dict[str, int] = {}
    for _ in range(1000):
        kind = rng.choice(kinds)
        message = {
            name: likely(rng, house, name) for name in fields_of(kind) if rng.random() < 0.85
        }
        answer = await client.call(type=kind, **message)
        if answer["success"]:
            done[kind] = done.get(kind, 0) + 1
        else:
            assert answer["error"]["code"] != "unknown_error", (kind, message, answer)
            assert answer["error"]["message"]
    assert set(kinds) - set(done) <= {"job/cancel", "resource/rollback"}, done
    routes = [
        route for route in all_routes() if "/resources" in route.path or "/jobs" in route.path
    ]
    for _ in range(300):
        route = rng.choice(routes)
        path = route.path.replace("{resource_type}", rng.choice(["test.file", "test.note", "a.b"]))
        path = path.replace("{key}", rng.choice(["a", "b", "%00", "..", "Ä", "x" * 300, "a%2Fb"]))
        path = path.replace("{job_id}", some_job(rng, house))
        query = {
            name: str(rng.choice([0, 1, "", "true", -5, "x", 10**20]))
            for name in ("dry_run", "cascade", "old", "new", "limit", "after", "revision", "state")
            if rng.random() < 0.2
        }
        headers = {
            name: rng.choice(['"1"', '"2-ab"', "*", "", "W/", '"', "x" * 500])
            for name in ("If-Match", "If-None-Match")
            if rng.random() < 0.3
        }
        spec = likely(rng, house, "spec")
        body = rng.choice([{"json": spec}, {"json": {"to": 1}}, {"data": b"{"}, {"data": b""}])
        answer = await house.request(route.method, path, params=query, headers=headers, **body)
        assert answer.status < 500, (route.method, path, query, body, await answer.text())
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
