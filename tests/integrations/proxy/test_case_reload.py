"""Failure cases of a reload: exit codes are no proof, and nothing is ever restarted."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from hub.resources import Phase
from tests.integrations.proxy.conftest import World, forward
from tests.integrations.proxy.test_case_candidate import passes
from tests.peers.nginx import Backend, Nginx, StartBackend, lives

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another process listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def master(base: Path) -> int:
    """Return the process of nginx' master."""
    return int((base / "run" / "nginx.pid").read_text())


def crash(pid: int) -> None:
    """Kill nginx' master and its workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in (pid, *map(int, children)):
        os.kill(one, signal.SIGKILL)


async def test_case_03_a_reload_that_did_nothing_is_found_out(
    world: World, backend: Backend, taken: int
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    before = world.files()
    status = await world.apply(
        "proxy.stream/ssh",
        servers=["web"],
        incoming_port=taken,
        forwarding_host="127.0.0.1",
        forwarding_port=backend.port,
    )
    assert status.phase is Phase.FAILED
    assert "Address already in use" in status.message
    assert str(taken) in status.message
    assert status.outcome == "rolled_back"
    assert world.files() == before
    assert await world.fetch("blog.test") == "site /\n"
    assert world.site().outcome == "rolled_back"
    seen = await world.site().look(deep=True)
    assert seen.settled
    assert not seen.drift
    assert passes(world)


async def test_case_04_what_is_proven_is_what_everybody_gets(
    world: World, start_backend: StartBackend
) -> None:
    """No old worker answers after a deploy has been reported."""
    backends = [await start_backend(str(number)) for number in range(2)]
    for turn in range(12):
        backend = backends[turn % 2]
        await world.good("proxy.host/blog", **forward(backend, "blog.test"))
        answers = {await world.fetch("blog.test") for _ in range(15)}
        assert answers == {f"{backend.name} /\n"}


async def test_case_05_no_request_is_lost_in_twenty_deploys(world: World, backend: Backend) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    url = f"http://127.0.0.1:{world.ports['web']['http_port']}/"
    statuses: dict[object, int] = {}
    stop = False

    async def ask(session: aiohttp.ClientSession) -> None:
        while not stop:
            result: object
            try:
                async with session.get(url, headers={"Host": "blog.test"}) as response:
                    await response.read()
                    result = response.status
            except aiohttp.ClientError as error:
                result = repr(error)
            statuses[result] = statuses.get(result, 0) + 1

    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        askers = [asyncio.create_task(ask(session)) for _ in range(4)]
        for number in range(20):
            headers = {"response": {"X-Number": str(number)}}
            await world.good("proxy.host/blog", **forward(backend, "blog.test", headers=headers))
        stop = True
        await asyncio.gather(*askers)
    assert set(statuses) == {200}, statuses
    assert statuses[200] > 200


async def test_case_26_a_failed_reload_is_no_reason_for_a_restart(
    world: World, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    base = world.bases["web"]
    pid = master(base)
    (base / "run" / "nginx.pid").rename(base / "run" / "away")
    await world.site().look()
    spec = forward(backend, "blog.test", headers={"response": {"X-New": "1"}})
    status = await world.apply("proxy.host/blog", **spec)
    assert status.phase is Phase.FAILED, status.message
    (base / "run" / "away").rename(base / "run" / "nginx.pid")
    assert master(base) == pid
    os.kill(pid, 0)
    assert await world.fetch("blog.test") == "site /\n"
    assert "X-New" not in (await world.get("blog.test")).headers
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))


async def test_case_26_a_foreign_nginx_is_never_started(
    shared: World, backend: Backend, nginx: Nginx
) -> None:
    await shared.good("proxy.host/blog", **forward(backend, "blog.test"))
    nginx.stop()
    with contextlib.suppress(FileNotFoundError):
        (nginx.folder / "nginx.pid").unlink()
    status = await shared.apply("proxy.host/two", **forward(backend, "two.test"))
    assert status.phase in {Phase.UNKNOWN, Phase.FAILED}
    assert "does not run" in status.message
    nginx.start()
    assert (await shared.again("proxy.host/two")).phase is Phase.IN_SYNC
    assert await shared.fetch("two.test") == "site /\n"


async def test_case_26_an_own_nginx_is_started_again_after_a_crash(
    world: World, backend: Backend
) -> None:
    """The one thing that the hub may start is its own, and only when it does not run."""
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    pid = master(world.bases["web"])
    crash(pid)
    while lives(pid):
        await asyncio.sleep(0.01)
    assert await world.fetch("blog.test") is None
    status = await world.again("proxy.server/web")
    assert status.phase is Phase.IN_SYNC, status.message
    assert await world.fetch("blog.test") == "site /\n"
