"""The unix socket: the hub's own user is the owner there, and nobody else is anything."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub.api import Api, PortUnusable
from hub.api.local import NAME, LocalSocket
from hub.const import EVENT_STATE_CHANGED
from hub.events import ORIGIN
from tests.peers.house import House, MakeHouse
from tests.peers.hub import HubProcess


def socket_of(house: House) -> Path:
    return house.hub.data_dir / NAME


def over(path: Path) -> aiohttp.ClientSession:
    return aiohttp.ClientSession("http://localhost", connector=aiohttp.UnixConnector(str(path)))


@pytest.fixture
async def near(house: House) -> AsyncIterator[aiohttp.ClientSession]:
    """A program that came over the socket and says nothing about itself."""
    async with over(socket_of(house)) as session:
        yield session


async def test_the_owner_needs_no_token(house: House, near: aiohttp.ClientSession) -> None:
    seen: list[Any] = []
    house.hub.bus.listen(EVENT_STATE_CHANGED, lambda _event: seen.append(ORIGIN.get()))
    async with near.post("/api/states/sensor.near", json={"state": "1"}) as answer:
        assert answer.status == 201
    state = house.hub.states.get("sensor.near")
    owner = house.hub.auth.users.by_username("owner")
    assert state is not None
    assert owner is not None
    assert state.context.user_id == owner.id
    assert seen == ["socket"]


async def test_before_the_owner_it_is_an_administrator_without_a_user(empty_house: House) -> None:
    write = {"json": {"state": "1"}}
    async with (
        over(socket_of(empty_house)) as session,
        session.post("/api/states/sensor.near", **write) as answer,
    ):
        assert answer.status == 201
    state = empty_house.hub.states.get("sensor.near")
    assert state is not None
    assert state.context.user_id is None


async def test_a_token_says_who_asks(house: House, near: aiohttp.ClientSession) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    async with near.get("/api/states", headers=wrong) as answer:
        assert answer.status == 401
    user = await house.hub.auth.users.create("Guest")
    token = await house.hub.auth.tokens.create_long_lived(user, "guest", 1)
    own = {"Authorization": f"Bearer {token}"}
    async with near.post("/api/states/sensor.a", json={"state": "1"}, headers=own) as answer:
        assert answer.status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Mode": "cors"},
        {"Host": "hub.example"},
    ],
    ids=lambda headers: next(iter(headers)),
)
async def test_a_proxy_before_the_socket_makes_no_owners(
    near: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    async with near.get("/api/states", headers=headers) as answer:
        assert answer.status == 401
    ws = await near.ws_connect("/api/websocket", headers=headers)
    await ws.receive_json(timeout=30)
    await ws.send_json({"type": "auth"})
    assert (await ws.receive_json(timeout=30))["type"] == "auth_invalid"
    await ws.close()


async def test_over_tcp_a_missing_token_stays_missing(house: House) -> None:
    async with house.session.get(f"{house.url}/api/states") as answer:
        assert answer.status == 401
    ws = await house.session.ws_connect(f"{house.url}/api/websocket")
    await ws.receive_json(timeout=30)
    await ws.send_json({"type": "auth"})
    assert (await ws.receive_json(timeout=30))["type"] == "auth_invalid"
    await ws.close()


async def test_the_websocket_opens_without_a_token(near: aiohttp.ClientSession) -> None:
    ws = await near.ws_connect("/api/websocket")
    await ws.receive_json(timeout=30)
    await ws.send_json({"type": "auth"})
    assert (await ws.receive_json(timeout=30))["type"] == "auth_ok"
    await ws.send_json({"id": 1, "type": "auth/current_user"})
    assert (await ws.receive_json(timeout=30))["result"]["is_owner"] is True
    await ws.close()


async def test_a_list_of_hosts_does_not_shut_it_out(make_house: MakeHouse) -> None:
    house = await make_house(
        "hub:\n  name: T\nmqtt:\n  enabled: false\nhttp:\n  allowed_hosts: [house.lan]\n"
    )
    async with over(socket_of(house)) as session, session.get("/api/states") as answer:
        assert answer.status == 200


async def test_the_file_is_private_and_goes_with_the_hub(house: House) -> None:
    mode = socket_of(house).stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    await house.running.api.stop()
    assert not socket_of(house).exists()


async def test_a_living_socket_is_refused_and_a_dead_one_replaced(
    house: House, tmp_path: Path
) -> None:
    second = Api(house.hub)
    with pytest.raises(PortUnusable, match=r"hub\.sock is in use by another program"):
        await second.start("127.0.0.1", 0, house.hub.data_dir)
    await second.stop()
    assert socket_of(house).exists()
    dead = tmp_path / "dead"
    dead.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(dead / NAME))
    await second.start("127.0.0.1", 0, dead)
    async with over(dead / NAME) as session, session.get("/api/") as answer:
        assert answer.status == 200
    await second.stop()


@pytest.mark.parametrize("trouble", ["writable folder", "a file"])
async def test_trouble_is_told_and_the_hub_runs_without(
    house: House, tmp_path: Path, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    if trouble == "a file":
        (folder / NAME).write_text("mine")
    else:
        folder.chmod(0o777)
    second = Api(house.hub)
    await second.start("127.0.0.1", 0, folder)
    assert "No local socket at" in caplog.text
    await second.stop()
    if trouble == "a file":
        assert (folder / NAME).read_text() == "mine"


async def test_a_long_path_is_no_obstacle(house: House, tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 100) / ("b" * 100)
    folder.mkdir(parents=True, mode=0o700)
    second = Api(house.hub)
    await second.start("127.0.0.1", 0, folder)
    assert stat.S_ISSOCK((folder / NAME).stat().st_mode)
    await second.stop()
    assert not (folder / NAME).exists()


def test_a_killed_hub_leaves_a_socket_that_the_next_one_replaces(hub_process: HubProcess) -> None:
    path = hub_process.data / NAME
    hub_process.stop(signal.SIGKILL)
    assert path.exists()
    hub_process.start()
    assert ask(path) == b"HTTP/1.1 200"


def test_another_user_is_refused(start_hub: Callable[..., HubProcess]) -> None:
    """Also when the file's mode lets them in; without root nobody else can be played."""
    hub = start_hub()
    path = hub.data / NAME
    assert ask(path) == b"HTTP/1.1 200"
    if os.geteuid() != 0:
        return
    hub.data.chmod(0o711)
    path.chmod(0o666)
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, str(path)], capture_output=True, timeout=30, check=True
    )
    assert done.stdout == b""
    assert "Refused user id 65534" in hub.log
    assert ask(path) == b"HTTP/1.1 200"


ASK = b"GET /api/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

STRANGER = f"""
import os, socket, sys
link = socket.socket(socket.AF_UNIX)
os.chdir(os.path.dirname(sys.argv[1]))  # while the folders above are still open to us
os.setgroups([]), os.setgid(65534), os.setuid(65534)
link.connect("hub.sock")
try:
    link.sendall({ASK!r})
    sys.stdout.buffer.write(link.recv(100))
except (ConnectionResetError, BrokenPipeError):
    pass
"""


def ask(path: Path) -> bytes:
    """Return the beginning of the answer to a plain request."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(30)
        link.connect(str(path))
        link.sendall(ASK)
        return link.recv(12)


def test_nothing_happens_without_a_folder(tmp_path: Path) -> None:
    LocalSocket(tmp_path).stop()
    assert list(tmp_path.iterdir()) == []
