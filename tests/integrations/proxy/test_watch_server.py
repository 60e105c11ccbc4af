"""One server under watch: a real nginx, looked at minute by minute on a clock that is moved."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from hub.errors import Unavailable
from hub.resources import Resource, Source
from hub.runner import Outcome, Runner, Runners, allow
from hub.util.clock import FakeClock, SystemClock
from hub.util.tasks import Tasks
from integrations.proxy.watch import server as module
from integrations.proxy.watch.host import HostWatch
from integrations.proxy.watch.log import Sums
from integrations.proxy.watch.server import INTERVAL, ServerWatch
from tests.peers.logged import Logged
from tests.peers.ports import free_port_number, wait_until


class Site:
    """The server as the fleet hands it to a watch: this machine, with this nginx."""

    def __init__(self, logged: Logged, runner: Runner) -> None:
        self.key = "web"
        self.logged, self.runner = logged, runner
        self.is_away = False
        self.reopened = 0
        self.changes = 0
        self.ran: list[str] = []
        self.running = 0
        self.spec: dict[str, Any] = {
            "base": str(logged.base), "status_port": logged.status, "access_log": True,
        }  # fmt: skip

    async def script(
        self, name: str, arguments: Sequence[str] = (), *, stdin: bytes | None = None,
        timeout: float = 20.0,
    ) -> Outcome:  # fmt: skip
        self.ran.append(name)
        if self.is_away:
            raise Unavailable("web is away")
        self.running += 1
        try:
            return await self.runner.script(name, list(arguments), stdin=stdin, timeout=timeout)
        finally:
            self.running -= 1

    async def reopen(self) -> None:
        self.reopened += 1
        self.logged.tell("-s reopen")


@pytest.fixture
async def site(logged: Logged) -> AsyncIterator[Site]:
    allow.script.cache_clear()
    tasks = Tasks()
    runners = Runners(SystemClock(), tasks)
    yield Site(logged, runners.local("proxy"))
    await runners.close()
    await tasks.close()


def host(
    logged: Logged, key: str = "blog", servers: Sequence[str] = ("web",), **spec: Any
) -> HostWatch:
    whole = {
        "enabled": True, "domain_names": ["blog.test"], "forward_scheme": "http",
        "forward_host": "127.0.0.1", "forward_port": logged.port, "upstreams": [], **spec,
    }  # fmt: skip
    resource = Resource("proxy.host", key, whole, 1, Source.API, None, False, 0, 0)
    return HostWatch(resource, servers)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def watch(site: Site, clock: FakeClock) -> ServerWatch:
    return ServerWatch(site, clock)


async def test_nothing_is_known_before_the_first_look(watch: ServerWatch) -> None:
    assert watch.connected is None
    assert watch.reason == "not_looked_yet"
    assert (watch.requests, watch.cpu) == (None, None)


async def test_rates_need_two_looks(
    watch: ServerWatch, clock: FakeClock, logged: Logged, site: Site
) -> None:
    blog, other = host(logged), host(logged, "other")
    watch.hosts = {blog.id: blog, other.id: other}
    await watch.once()
    assert watch.connected
    assert watch.look is not None
    assert (watch.requests, watch.cpu) == (None, None)
    assert blog.per_minute(2) is None
    logged.get(times=10)
    logged.get("/missing", times=5)
    clock.jump(30)
    clock._monotonic += 30
    await watch.once()
    assert watch.requests == pytest.approx((15 + 1) / 30), "the other request is of the release"
    assert watch.cpu is not None
    assert blog.per_minute(2) == 20
    assert blog.per_minute(4) == 10
    assert blog.per_minute(5) == 0, "nothing of it was logged: that is known"
    assert other.per_minute(2) == 0
    times = blog.recent(clock.time())
    assert times is not None
    assert times.requests == 15
    assert other.recent(clock.time()) is None, "nobody came: there is no response time"
    assert blog.recent(clock.time() + 901) is None


async def test_without_a_log_nothing_is_known_of_visitors(
    watch: ServerWatch, clock: FakeClock, logged: Logged, site: Site
) -> None:
    blog = host(logged)
    watch.hosts = {blog.id: blog}
    site.spec["access_log"] = False
    await watch.once()
    clock._monotonic += 60
    await watch.once()
    assert blog.per_minute(2) is None
    site.spec["access_log"] = True
    logged.log.unlink()
    clock._monotonic += 60
    await watch.once()
    assert blog.per_minute(2) is None


async def test_a_server_that_goes_takes_its_figures_along(
    watch: ServerWatch, clock: FakeClock, logged: Logged, site: Site,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    blog = host(logged)
    watch.hosts = {blog.id: blog}
    written: list[object] = []

    class Shows:
        def write(self) -> None:
            written.append(watch.connected)

    watch.follow(Shows())
    await watch.once()
    clock._monotonic += 60
    await watch.once()
    assert blog.reason is None
    site.is_away = True
    for _ in range(3):
        await watch.once()
    assert watch.connected is False
    assert (watch.look, watch.requests, watch.cpu) == (None, None, None)
    assert watch.reason == blog.reason == "unavailable"
    assert blog.per_minute(2) is None
    assert caplog.text.count("can not be looked at") == 1, "once per outage"
    site.is_away = False
    logged.get(times=50)
    clock._monotonic += 600
    await watch.once()
    assert watch.connected
    assert blog.reason is None
    assert blog.per_minute(2) is None, "what was logged in the outage says nothing of a minute"
    clock._monotonic += 60
    await watch.once()
    assert blog.per_minute(2) == 0
    assert written == [True, True, False, False, False, True, True]


async def test_a_host_on_two_servers_adds_up(logged: Logged) -> None:
    blog = host(logged, servers=("web", "two"))
    blog.took("web", module.Window(60, 1.0, Sums(6, {2: 6}, 0, [0.1] * 6)), 1000)
    assert blog.per_minute(2) == 6
    blog.took("two", module.Window(30, 0.5, Sums(6, {2: 6}, 0, [0.4] * 6)), 1010)
    assert blog.per_minute(2) == 6 + 24, "half of the log was read, in half a minute"
    times = blog.recent(1020)
    assert times is not None
    assert times.mean == pytest.approx(0.25)
    blog.away("two", Unavailable("away"))
    assert blog.reason is None, "one of two is still there"
    assert blog.per_minute(2) == 6
    blog.away("web", Unavailable("away"))
    assert blog.reason == "unavailable"


async def test_a_log_that_grows_is_rotated(
    watch: ServerWatch, clock: FakeClock, logged: Logged, site: Site, monkeypatch: Any
) -> None:
    blog = host(logged)
    watch.hosts = {blog.id: blog}
    monkeypatch.setattr(module, "ROTATE_AT", 2000)
    await watch.once()
    logged.get(times=30)
    clock._monotonic += 60
    await watch.once()
    assert site.reopened == 1
    assert blog.per_minute(2) == 30
    await wait_until(logged.log.exists)
    logged.get(times=3)
    clock._monotonic += 60
    await watch.once()
    assert blog.per_minute(2) == 3
    assert site.reopened == 1


async def test_upstreams_are_asked_when_they_are_due(
    watch: ServerWatch, clock: FakeClock, logged: Logged, site: Site
) -> None:
    check = {"path": "/", "interval": 20, "timeout": 30, "expect": []}
    good = host(logged, health_check=check)
    bad = host(logged, "bad", health_check=check, forward_port=logged.closed)
    silent = host(logged, "silent")
    off = host(logged, "off", health_check=check, enabled=False)
    watch.hosts = {item.id: item for item in (good, bad, silent, off)}
    assert good.healthy is None
    running = asyncio.ensure_future(watch.run(0))
    try:
        await until(clock, site, lambda: bad.healthy is not None)
        assert (good.healthy, bad.healthy, silent.healthy, off.healthy) == (True, False, None, None)
        assert good.upstreams() == {"web": {f"127.0.0.1:{logged.port}": 200}}
        assert bad.upstreams() == {"web": {f"127.0.0.1:{logged.closed}": "refused"}}
        assert site.ran == ["watch", "probe"], "one call asks for all"
        begun = clock.monotonic()
        await until(clock, site, lambda: site.ran.count("probe") == 4)
        assert 55 <= clock.monotonic() - begun <= 65
        await until(clock, site, lambda: site.ran.count("watch") == 2)
        assert INTERVAL * 0.9 <= clock.monotonic() - begun <= INTERVAL * 1.1
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_visitors_tell_the_health_when_nobody_asks(
    watch: ServerWatch, clock: FakeClock, logged: Logged
) -> None:
    blog = host(logged)
    watch.hosts = {blog.id: blog}
    await watch.once()
    clock._monotonic += 60
    logged.get()
    await watch.once()
    assert blog.healthy is None, "the answers did not come from an upstream"
    logged.get("/away")
    clock._monotonic += 60
    await watch.once()
    assert blog.healthy is False
    clock._monotonic += 60
    await watch.once()
    assert blog.healthy is False, "nobody came: it stays what it was"


async def test_another_upstream_has_no_health_yet(logged: Logged, watch: ServerWatch) -> None:
    check = {"path": "/", "interval": 20, "timeout": 30, "expect": []}
    blog = host(logged, health_check=check)
    await watch.ask([blog])
    assert blog.healthy
    renamed = host(logged, health_check=check, domain_names=["other.test"])
    blog.become(
        Resource("proxy.host", "blog", dict(renamed.spec), 2, Source.API, None, False, 0, 0),
        ["web"],
    )
    assert blog.healthy
    moved = {**blog.spec, "forward_port": free_port_number()}
    blog.become(Resource("proxy.host", "blog", moved, 3, Source.API, None, False, 0, 0), ["web"])
    assert blog.healthy is None
    await watch.ask([blog])
    assert blog.healthy is False
    blog.become(Resource("proxy.host", "blog", moved, 4, Source.API, None, False, 0, 0), ["two"])
    assert blog.healthy is None


async def test_a_server_that_can_not_ask_says_nothing_of_upstreams(
    watch: ServerWatch, site: Site, logged: Logged
) -> None:
    blog = host(logged, health_check={"path": "/", "interval": 20, "timeout": 30, "expect": []})
    site.is_away = True
    assert await watch.ask([blog]) == {blog.id: []}
    assert blog.healthy is None
    assert blog.upstreams() == {"web": "unavailable"}


async def test_many_hosts_go_into_several_calls(
    watch: ServerWatch, site: Site, logged: Logged
) -> None:
    upstreams = [{"host": "127.0.0.1", "port": logged.port} for _ in range(25)]
    hosts = [host(logged, f"h{number}", upstreams=upstreams) for number in range(4)]
    found = await watch.ask(hosts)
    assert site.ran == ["probe", "probe"]
    assert [len(answers) for answers in found.values()] == [25] * 4
    assert all(answer.ok for answers in found.values() for answer in answers)


async def until(clock: FakeClock, site: Site, condition: Any) -> None:
    """Move the clock second by second, letting real programs end in between."""
    for _ in range(400):
        if condition():
            return
        await clock.advance(0.5)
        while site.running:
            await asyncio.sleep(0.002)
        await clock.settle()
    raise AssertionError("it never came")
