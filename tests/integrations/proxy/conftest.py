"""A whole hub with a server over a real sshd, an nginx there, and short words for both."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub.hub import Hub
from hub.resources import Phase, Status
from integrations.proxy.deploying.site import Site
from integrations.proxy.fleet import Fleet, fleet_of
from tests.peers.house import House, MakeHouse
from tests.peers.nginx import Backend, Nginx, own_spec
from tests.peers.sshd import Sshd

CONFIG = "hub:\n  name: Test\nmqtt:\n  enabled: false\n"


@dataclass
class Answer:
    """What a web server answered."""

    status: int
    text: str
    headers: Any


@dataclass
class World:
    """A hub, the nginx it deploys to, and ways to ask both."""

    house: House
    ports: dict[str, dict[str, int]] = field(default_factory=dict)
    """By server: its http_port, https_port, status_port."""
    written: dict[str, tuple[int, Status]] = field(default_factory=dict)
    """By resource: the revision written last, and the status from before."""
    bases: dict[str, Path] = field(default_factory=dict)

    @property
    def hub(self) -> Hub:
        return self.house.hub

    @property
    def fleet(self) -> Fleet:
        return fleet_of(self.hub)

    @property
    def watch(self) -> Any:
        """What is watched; None before the first server was looked at."""
        engine = self.hub.resources.engine
        lane = None if engine is None else engine.lanes.opened("proxy.server")
        return None if lane is None else lane.controller.watch  # type: ignore[attr-defined]

    def site(self, key: str = "web") -> Site:
        return self.fleet.site(key)

    async def put(self, name: str, **spec: Any) -> int:
        """Write a resource by `type/key`; returns its revision."""
        kind, _, key = name.partition("/")
        before = self.hub.resources.status(kind, key)
        change = await self.hub.resources.put(kind, key, spec)
        self.written[name] = (change.revision, before)
        return change.revision

    async def settled(self, name: str) -> Status:
        """Wait until what was written last has been worked on to the end, well or not."""
        kind, _, key = name.partition("/")
        board = self.hub.resources.status
        working = {Phase.PENDING, Phase.APPLYING, Phase.DELETING}
        revision, before = self.written.get(name, (None, None))
        while True:
            status = board(kind, key)
            # a failed apply is told twice: once more with what it has left behind
            tries = status.attempts, status.retry_at
            failed = status.attempts and tries != (before and (before.attempts, before.retry_at))
            done = revision is None or status.observed_revision == revision or failed
            job = None if status.job_id is None else self.hub.jobs.get(status.job_id)
            idle = job is None or job.state.ended
            if status.phase not in working and done and idle:
                return status
            await asyncio.sleep(0.01)

    async def apply(self, name: str, **spec: Any) -> Status:
        """Write a resource and wait until it is deployed or refused."""
        await self.put(name, **spec)
        return await self.settled(name)

    async def good(self, name: str, **spec: Any) -> Status:
        """Write a resource and insist that it is in sync."""
        status = await self.apply(name, **spec)
        assert status.phase is Phase.IN_SYNC, (name, status.phase, status.message)
        return status

    async def again(self, name: str) -> Status:
        """Apply a resource once more, as a person would with the button."""
        kind, _, key = name.partition("/")
        revision, _ = self.written.get(name, (1, None))
        self.written[name] = (revision, self.hub.resources.status(kind, key))
        job = await self.hub.resources.apply(kind, key)
        if job is not None:
            await asyncio.wait([asyncio.ensure_future(job.wait())])
        return await self.settled(name)

    async def gone(self, name: str) -> None:
        """Delete a resource and wait until it is gone."""
        kind, _, key = name.partition("/")
        await self.hub.resources.delete(kind, key)
        while self.hub.resources.store.get(name) is not None:
            await asyncio.sleep(0.01)

    async def get(
        self,
        domain: str,
        path: str = "/",
        *,
        server: str = "web",
        headers: dict[str, str] | None = None,
        method: str = "GET",
        data: Any = None,
    ) -> Answer:
        """Ask nginx for a page of a domain, on its http port, without following redirects."""
        url = f"http://127.0.0.1:{self.ports[server]['http_port']}{path}"
        wanted = {"Host": domain, **(headers or {})}
        connector = aiohttp.TCPConnector(force_close=True)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(
                method, url, headers=wanted, data=data, allow_redirects=False
            ) as response,
        ):
            text = await response.text()
            return Answer(response.status, text, response.headers)

    async def fetch(self, domain: str, path: str = "/", *, server: str = "web") -> str | None:
        """Return the body of a page; None = nginx closes the connection or answers an error."""
        try:
            answer = await self.get(domain, path, server=server)
        except aiohttp.ClientError:
            return None
        return answer.text if answer.status == 200 else None

    async def job_log(self, status: Status) -> list[str]:
        """Return the log of the job that a status names."""
        assert status.job_id is not None
        return [line.line for line in await self.hub.jobs.log(status.job_id)]

    def story(self) -> str:
        """Return every resource's status, for a test that ran out of time."""
        return self.house.story()

    def files(self, key: str = "web") -> dict[str, str]:
        """Return the configuration files in force on a server."""
        folder = self.bases[key] / "current"
        return {
            str(path.relative_to(folder)): path.read_text()
            for path in sorted(folder.rglob("*.conf"))
        }

    async def add_host(self, sshd: Sshd, key: str = "web", **changes: Any) -> None:
        """Make a `host.server` of a real sshd."""
        spec = {
            "address": sshd.host,
            "port": sshd.port,
            "user": sshd.account.name,
            "credential": {"private_key": sshd.client_key},
            "host_keys": [sshd.host_key],
            **changes,
        }
        await self.hub.resources.put("host.server", key, spec)

    async def add_own(self, base: Path, key: str = "web", **changes: Any) -> Status:
        """Make a `proxy.server` with an nginx of the hub's own and wait for it."""
        return await self.add_server(key, {**own_spec(base), "server": key, **changes})

    async def add_shared(self, nginx: Nginx, /, key: str = "web", **changes: Any) -> Status:
        """Make a `proxy.server` that joins an nginx of somebody else and wait for it."""
        return await self.add_server(key, {**nginx.spec, "server": key, **changes})

    async def add_server(self, key: str, spec: dict[str, Any]) -> Status:
        """Make a `proxy.server` and wait for it."""
        names = ("http_port", "https_port", "status_port")
        self.ports[key] = {name: spec[name] for name in names}
        self.bases[key] = Path(spec["base"])
        return await self.apply(f"proxy.server/{key}", **spec)


def forward(backend: Backend, *domains: str, **changes: Any) -> dict[str, Any]:
    """Return the spec of a host that hands its domains to a backend."""
    return {
        "domain_names": list(domains),
        "servers": ["web"],
        "forward_scheme": "http",
        "forward_host": "127.0.0.1",
        "forward_port": backend.port,
        **changes,
    }


MakeHouseWorld = Callable[[], Awaitable[World]]


@pytest.fixture
def make_house_world(make_house: MakeHouse) -> MakeHouseWorld:
    """Return a function that starts a hub without any server."""

    async def make() -> World:
        return World(await make_house(CONFIG))

    return make


@pytest.fixture
async def bare(make_house_world: MakeHouseWorld) -> World:
    """A hub without any server."""
    return await make_house_world()


@pytest.fixture
async def world(bare: World, sshd: Sshd, make_base: Callable[[], Path]) -> World:
    """A hub with the server `web`: an nginx of its own, reached over a real sshd."""
    await bare.add_host(sshd)
    status = await bare.add_own(make_base())
    assert status.phase is Phase.IN_SYNC, status.message
    return bare


@pytest.fixture
async def shared(bare: World, sshd: Sshd, nginx: Nginx) -> World:
    """A hub with the server `web`: an nginx of somebody else, reached as a user with sudo."""
    sshd.account.grant("ALL=(ALL) NOPASSWD: ALL")
    await bare.add_host(sshd, sudo="nopasswd")
    status = await bare.add_shared(nginx)
    assert status.phase is Phase.IN_SYNC, status.message
    return bare
