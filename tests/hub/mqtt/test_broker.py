"""The supervised mosquitto: files, users, crashes, orphans, taken ports."""

import asyncio
import base64
import logging
import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hub.config.settings import BrokerSettings
from hub.errors import ServiceValidationError
from hub.mqtt.broker import Broker, BrokerFailed, find_binary
from hub.mqtt.brokerfiles import HUB_USER, hashed
from hub.mqtt.errors import LinkError
from hub.mqtt.link import Link
from hub.resilience import Backoff
from hub.util.clock import SystemClock
from tests.peers.mosquitto import INSTALL
from tests.peers.ports import require, wait_until

Make = Callable[..., Broker]


@pytest.fixture
async def make(tmp_path: Path, free_port: int) -> AsyncIterator[Make]:
    made: list[Broker] = []

    def build(folder: Path = tmp_path / "mqtt", port: int = free_port) -> Broker:
        binary = require("mosquitto", INSTALL)
        broker = Broker(binary, folder, port, SystemClock(), Backoff((0.1,)))
        made.append(broker)
        return broker

    yield build
    for broker in made:
        await broker.stop()


async def may_enter(broker: Broker, name: str | None, password: str | None) -> bool:
    link = Link(BrokerSettings("127.0.0.1", broker.port, name, password), "probe")
    try:
        await link.open()
    except LinkError:
        return False
    await link.close()
    return True


async def test_only_users_with_a_password_come_in(make: Make) -> None:
    broker = make()
    await broker.start()
    who = broker.settings
    assert (who.host, who.username) == ("127.0.0.1", HUB_USER)
    assert await may_enter(broker, who.username, who.password)
    assert not await may_enter(broker, None, None)
    assert not await may_enter(broker, HUB_USER, "guess")
    command = [require("mosquitto_pub", INSTALL), "-p", str(broker.port), "-t", "x", "-m", "y"]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    assert done.returncode == 5


async def test_secrets_are_private_and_not_on_a_command_line(make: Make) -> None:
    broker = make()
    await broker.start()
    for path in (broker.files.secret, broker.files.passwords, broker.files.config):
        assert mode_of(path) == 0o600, path
    password = broker.settings.password
    assert password
    assert password not in broker.files.passwords.read_text()
    assert password not in repr(broker.settings)
    assert password not in command_of(broker.pid)


async def test_runs_unprivileged_when_the_folder_can_be_reached(
    make: Make, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if os.geteuid() != 0:
        broker = make()
        await broker.start()
        assert user_of(broker.pid) == os.geteuid()
        return
    folder = Path("/var/tmp") / f"hub-test-{os.getpid()}"
    broker = make(folder)
    try:
        await broker.start()
        assert await may_enter(broker, HUB_USER, broker.settings.password)
        assert user_of(broker.pid) != 0
        broker.add_user("later", "secret")
        await until_entering(broker, "later", "secret")
        await broker.stop()
    finally:
        shutil.rmtree(folder)


async def until_entering(broker: Broker, name: str, password: str) -> None:
    async with asyncio.timeout(30):
        while not await may_enter(broker, name, password):
            await asyncio.sleep(0.05)


async def test_password_stays_over_a_restart_and_users_too(make: Make) -> None:
    broker = make()
    await broker.start()
    password = broker.settings.password
    secret = broker.add_user("anna")
    await until_entering(broker, "anna", secret)
    await broker.stop()
    again = make()
    await again.start()
    assert again.settings.password == password
    assert await may_enter(again, "anna", secret)
    assert again.files.users() == [HUB_USER, "anna"]
    assert again.remove_user("anna")
    assert not again.remove_user(HUB_USER)
    async with asyncio.timeout(30):
        while await may_enter(again, "anna", secret):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("name", ["", "a:b", "a\nb", "x" * 65, "a b", "é"])
async def test_bad_user_names(make: Make, name: str) -> None:
    broker = make()
    broker.files.prepare(broker.port)
    with pytest.raises(ServiceValidationError):
        broker.add_user(name)
    assert broker.files.users() == [HUB_USER]


def test_hash_is_mosquittos(tmp_path: Path) -> None:
    tool = require("mosquitto_passwd", INSTALL)
    theirs = tmp_path / "theirs"
    theirs.touch(0o600)
    subprocess.run([tool, "-b", str(theirs), "u", "pä55"], check=True, capture_output=True)
    _, _, iterations, salt, _ = theirs.read_text().strip().partition(":")[2].split("$")
    assert iterations == "101"
    assert theirs.read_text().strip() == "u:" + hashed("pä55", base64.b64decode(salt))


async def test_restarts_after_a_crash_and_tells(make: Make) -> None:
    broker = make()
    restarts: list[int] = []
    await broker.start(lambda: restarts.append(broker.port))
    first = broker.pid
    assert first
    os.kill(first, signal.SIGKILL)
    await wait_until(lambda: restarts)
    assert broker.running
    assert broker.pid != first
    assert broker.restarts == 1
    assert await may_enter(broker, HUB_USER, broker.settings.password)


async def test_taken_port_leads_to_the_next_one(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    broker = make()
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", broker.port)
    wanted = broker.port
    await broker.start()
    assert broker.port > wanted
    assert f"Port {wanted} is taken" in caplog.text
    assert await may_enter(broker, HUB_USER, broker.settings.password)
    server.close()


async def test_bad_configuration_is_reported_once(make: Make) -> None:
    broker = make()
    original = broker.files._configuration
    broker.files._configuration = lambda port: original(port) + "no_such_key 1\n"  # type: ignore[method-assign]
    with pytest.raises(BrokerFailed, match="no_such_key"):
        await broker.start()
    assert not broker.running


async def test_stop_ends_the_process_and_saves(make: Make) -> None:
    broker = make()
    await broker.start()
    pid = broker.pid
    link = Link(broker.settings, "x")
    await link.open()
    await link.publish_acked("kept", b"1", retain=True)
    await link.close()
    await broker.stop()
    assert pid is not None
    assert not running(pid)
    assert sorted(x.name for x in files_in(broker.files.folder)) == ["broker", "password"]
    assert "mosquitto.db" in {x.name for x in files_in(broker.files.own)}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def command_of(pid: int | None) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def user_of(pid: int | None) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


CHILD = """
import asyncio, sys
from pathlib import Path
from hub.mqtt.broker import Broker
from hub.util.clock import SystemClock

async def main():
    broker = Broker(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), SystemClock())
    if sys.argv[4] == "untied":
        broker._command = lambda: [broker._binary, "-c", str(broker.files.config)]
    await broker.start()
    print(broker.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def start_child(folder: Path, port: int, tie: str) -> tuple[subprocess.Popen[str], int]:
    binary = require("mosquitto", INSTALL)
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), binary, str(folder), str(port), tie],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    pid = int(child.stdout.readline())
    child.stdout.close()
    return child, pid


async def test_broker_ends_with_a_killed_hub(tmp_path: Path, free_port: int) -> None:
    child, pid = await asyncio.to_thread(start_child, tmp_path / "mqtt", free_port, "tied")
    child.kill()
    child.wait()
    await wait_until(lambda: not running(pid))


async def test_orphan_of_a_killed_hub_is_replaced(
    make: Make, free_port: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    child, pid = await asyncio.to_thread(start_child, tmp_path / "mqtt", free_port, "untied")
    child.kill()
    child.wait()
    assert running(pid)
    broker = make()
    await broker.start()
    assert not running(pid)
    assert broker.port == free_port
    assert "earlier run" in caplog.text


async def test_an_orphan_that_can_not_be_named_is_adopted(
    make: Make, free_port: int, tmp_path: Path
) -> None:
    child, pid = await asyncio.to_thread(start_child, tmp_path / "mqtt", free_port, "untied")
    child.kill()
    child.wait()
    broker = make()
    broker.files.pid.unlink()
    try:
        await broker.start()
        assert broker.adopted
        assert await may_enter(broker, HUB_USER, broker.settings.password)
    finally:
        os.kill(pid, signal.SIGTERM)
    await wait_until(lambda: not running(pid))


async def test_two_hubs_never_share_a_folder(make: Make, free_port: int, tmp_path: Path) -> None:
    child, _ = await asyncio.to_thread(start_child, tmp_path / "mqtt", free_port, "untied")
    try:
        with pytest.raises(BrokerFailed, match="another hub"):
            await make().start()
    finally:
        pid = int((tmp_path / "mqtt" / "broker.pid").read_text().split()[0])
        child.kill()
        child.wait()
        os.kill(pid, signal.SIGTERM)


def running(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def test_found_outside_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = require("mosquitto", INSTALL)
    monkeypatch.setenv("PATH", "/bin")
    found = find_binary()
    assert found is not None
    assert Path(found).samefile(expected)
    assert find_binary("no-such-broker") is None


async def test_nothing_secret_is_logged(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    broker = make()
    await broker.start()
    password = broker.settings.password
    assert password
    assert await may_enter(broker, HUB_USER, password)
    assert password not in caplog.text
