"""The verbs of reverse proxies, each against a real nginx over a real sshd."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hub.auth import Role
from hub.errors import HubError, InvalidFormat, NotFound, NotSupported, Unauthorized
from hub.events import Context
from hub.resources import Phase
from tests.integrations.proxy.conftest import World, forward
from tests.peers.nginx import Backend
from tests.peers.ports import free_port_number, wait_until


async def call(world: World, service: str, context: Context | None = None, **data: Any) -> Any:
    return await world.hub.services.call("proxy", service, data, None, context, True)


async def done(world: World, job_id: str) -> Any:
    """Wait for a job; returns its record."""
    await wait_until(lambda: world.hub.jobs.get(job_id).state.ended)
    return world.hub.jobs.get(job_id)


@pytest.fixture
async def blog(world: World, backend: Backend) -> World:
    """A server with one host."""
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    watch = world.watch
    assert watch is not None
    await wait_until(lambda: "blog" in watch.hosts)
    return world


async def test_deploy_answers_with_jobs(blog: World) -> None:
    answer = await call(blog, "deploy", resource="proxy.host/blog")
    assert answer == {"jobs": {"proxy.host/blog": None}}, "there is nothing to do"
    end = blog.bases["web"] / "current" / "http" / "host-blog.conf"
    end.write_text("# gone\n")
    answer = await call(blog, "deploy", resource=["proxy.host/blog", "proxy.server/web"])
    assert set(answer["jobs"]) == {"proxy.host/blog", "proxy.server/web"}
    record = await done(blog, answer["jobs"]["proxy.server/web"])
    assert record.state == "done", record.error
    assert "blog.test" in end.read_text()


async def test_dry_run_shows_the_difference_and_changes_nothing(
    blog: World, backend: Backend
) -> None:
    before, site = blog.files(), blog.site()
    answer = (await call(blog, "dry_run", resource="proxy.host/blog"))["servers"]["web"]
    assert (answer["ok"], answer["diff"], answer["error"]) == (True, "", None)
    spec = forward(backend, "blog.test", "more.test")
    answer = (await call(blog, "dry_run", resource="proxy.host/blog", spec=spec))["servers"]["web"]
    assert answer["ok"]
    assert answer["release"] == site.seen.current  # type: ignore[union-attr]
    assert "+" in answer["diff"]
    assert "more.test" in answer["diff"]
    wrong = forward(backend, "blog.test", advanced_config="bogus on;")
    answer = (await call(blog, "dry_run", resource="proxy.host/blog", spec=wrong))["servers"]["web"]
    assert not answer["ok"]
    (flaw,) = answer["flaws"]
    assert (flaw["part"], flaw["field"]) == ("proxy.host/blog", "advanced_config")
    assert "bogus" in flaw["message"]
    fresh = forward(backend, "new.test")
    answer = (await call(blog, "dry_run", resource="proxy.host/new", spec=fresh))["servers"]["web"]
    assert answer["ok"]
    assert "new.test" in answer["diff"]
    assert blog.files() == before
    assert blog.hub.resources.get("proxy.host", "blog").revision == 1
    with pytest.raises(HubError, match="domain_names"):
        await call(blog, "dry_run", resource="proxy.host/new", spec={**fresh, "domain_names": []})


async def test_rollback(blog: World, backend: Backend) -> None:
    await blog.good("proxy.host/blog", **forward(backend, "other.test"))
    assert await blog.fetch("blog.test") is None
    status = await call(blog, "status")
    releases = status["servers"]["web"]["releases"]
    answer = await call(blog, "rollback", server="web")
    record = await done(blog, answer["job_id"])
    assert record.state == "done", record.error
    assert record.result == {"server": "web", "release": releases[-2]}
    assert record.target == "proxy.server/web"
    assert await blog.fetch("blog.test") == "site /\n"
    answer = await call(blog, "rollback", server="web", release="r000099-00000000")
    record = await done(blog, answer["job_id"])
    assert record.state == "failed"
    assert record.error["code"] == "not_found"
    assert releases[-1] in record.error["message"]


async def test_drift_is_adopted_or_overwritten(blog: World) -> None:
    def phase() -> Phase:
        return blog.hub.resources.status("proxy.server", "web").phase

    file = blog.bases["web"] / "current" / "http" / "host-blog.conf"
    written = file.read_text()
    file.write_text(written + "# by hand\n")
    blog.hub.resources.look("proxy.server", "web")
    await wait_until(lambda: phase() is Phase.DRIFTED)
    answer = await call(blog, "adopt", server="web", paths=["http/host-blog.conf"])
    record = await done(blog, answer["job_id"])
    assert record.state == "done", record.error
    assert "# by hand" in blog.files()["http/host-blog.conf"]
    await wait_until(lambda: phase() is Phase.IN_SYNC)
    file.write_text(file.read_text() + "# twice\n")
    answer = await call(blog, "overwrite", server="web")
    assert (await done(blog, answer["job_id"])).state == "done"
    assert "# twice" not in blog.files()["http/host-blog.conf"]
    answer = await call(blog, "adopt", server="web")
    record = await done(blog, answer["job_id"])
    assert "no such file was changed by hand" in record.error["message"]


async def test_maintenance(blog: World) -> None:
    answer = await call(blog, "set_maintenance", host="blog", enabled=True, message="Back soon")
    assert answer == {"revision": 2}
    await wait_until(lambda: live(blog) == 2)
    page = await blog.get("blog.test")
    assert page.status == 503
    assert "Back soon" in page.text
    spec = blog.hub.resources.get("proxy.host", "blog").spec["maintenance"]
    assert (spec["enabled"], spec["message"]) == (True, "Back soon")
    await call(blog, "set_maintenance", host="blog", enabled=False)
    await wait_until(lambda: live(blog) == 3)
    assert (await blog.get("blog.test")).status == 200
    spec = blog.hub.resources.get("proxy.host", "blog").spec["maintenance"]
    assert spec["message"] == "Back soon", "the words stay for the next time"


def live(world: World) -> int | None:
    return world.hub.resources.status("proxy.host", "blog").observed_revision


async def test_upstreams(blog: World, backend: Backend) -> None:
    answer = await call(blog, "test_upstream", host="blog")
    (upstream,) = answer["servers"]["web"]
    assert upstream["upstream"] == f"127.0.0.1:{backend.port}"
    assert (upstream["ok"], upstream["status"], upstream["error"]) == (True, 200, None)
    assert upstream["milliseconds"] >= 0
    await blog.good(
        "proxy.host/blog", **forward(backend, "blog.test", forward_port=free_port_number())
    )
    (upstream,) = (await call(blog, "test_upstream", host="blog"))["servers"]["web"]
    assert (upstream["ok"], upstream["status"], upstream["error"]) == (False, None, "refused")


async def test_a_caller_who_gives_up_takes_nothing_from_the_watch(
    blog: World, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, begun, may_go = blog.watch, asyncio.Event(), asyncio.Event()
    sync = watch._sync

    async def slow(id: str) -> Any:
        begun.set()
        await may_go.wait()
        return await sync(id)

    monkeypatch.setattr(watch, "_sync", slow)
    async with watch._lock:
        asking = asyncio.create_task(call(blog, "test_upstream", host="blog"))
        await wait_until(lambda: watch._lock._waiters)
        await blog.put("proxy.host/late", **forward(backend, "late.test"))
    await begun.wait()
    asking.cancel()
    await asyncio.wait([asking])
    may_go.set()
    await wait_until(lambda: "late" in watch.hosts)


async def test_a_cache_is_purged(world: World, start_backend: Callable[..., Any]) -> None:
    from aiohttp import web

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(text="picture", headers={"Cache-Control": "max-age=600"})

    backend = await start_backend("site", answer)
    await world.good("proxy.host/blog", **forward(backend, "blog.test", caching_enabled=True))
    for _ in range(2):
        assert await world.fetch("blog.test", "/a.png") == "picture"
    assert len(backend.requests) == 1
    files = [path for path in (world.bases["web"] / "cache").rglob("*") if path.is_file()]
    assert len(files) == 1
    assert await call(world, "purge_cache", host="blog") == {"servers": {"web": 1}}
    assert not any(path.is_file() for path in (world.bases["web"] / "cache").rglob("*"))
    assert await world.fetch("blog.test", "/a.png") == "picture"
    assert len(backend.requests) == 2


async def test_status_tells_everything(blog: World) -> None:
    watch = blog.watch
    assert watch is not None
    await watch.servers["web"].once()
    found = await call(blog, "status")
    server = found["servers"]["web"]
    assert server["connected"] is True
    assert server["version"].startswith("1.")
    assert server["release"] == server["releases"][-1]
    assert server["drift"] == {"modified": [], "missing": [], "extra": []}
    assert (server["hosts"], server["error"], server["state"]) == (1, None, "idle")
    assert 0 < server["memory"] <= 100
    host = found["hosts"]["blog"]
    assert (host["domains"], host["enabled"], host["phase"]) == (["blog.test"], True, "in_sync")
    assert host["servers"]["web"] == {
        "state": "deployed",
        "revision": 1,
        "release": server["release"],
        "message": None,
    }
    assert host["certificate"] is None
    assert host["upstream"] == {"healthy": None, "response_time": None}
    assert found["certificates"] == {}
    full = await call(blog, "diagnostics")
    assert full["servers"]["web"]["seen"]["parts"] == ["proxy.host/blog", "proxy.server/web"]
    assert full["hosts"]["blog"]["servers"] == ["web"]


async def test_a_server_that_is_away_is_told(blog: World, sshd: Any) -> None:
    sshd.stop()
    watch = blog.watch
    assert watch is not None
    await watch.servers["web"].once()
    found = await call(blog, "status")
    assert found["servers"]["web"]["connected"] is False
    assert "web" in found["servers"]["web"]["error"]
    for service in ("test_upstream", "purge_cache"):
        with pytest.raises(HubError):
            await call(blog, service, host="blog")
    (answer,) = (await call(blog, "dry_run", resource="proxy.host/blog"))["servers"].values()
    assert not answer["ok"]
    assert answer["error"]


@pytest.mark.parametrize(
    ("service", "data", "words"),
    [
        ("deploy", {}, "resource"),
        ("deploy", {"resource": []}, "resource"),
        ("deploy", {"resource": 7}, "resource"),
        ("dry_run", {"resource": "proxy.host/blog", "spec": "text"}, "spec"),
        ("rollback", {"release": "x"}, "server"),
        ("rollback", {"server": "web", "realease": "x"}, "realease"),
        ("adopt", {"server": "web", "paths": [7]}, "paths"),
        ("set_maintenance", {"host": "blog"}, "enabled"),
        ("set_maintenance", {"host": "blog", "enabled": "perhaps"}, "enabled"),
        ("purge_cache", {"host": ""}, "host"),
        ("issue", {}, "certificate"),
        ("status", {"x": 1}, "x"),
    ],
)
async def test_a_mistake_names_the_field(
    world: World, service: str, data: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidFormat, match=words):
        await call(world, service, **data)


@pytest.mark.parametrize(
    ("service", "data", "error", "words"),
    [
        (
            "deploy",
            {"resource": "proxy.host/none"},
            NotFound,
            "resource: there is no proxy.host/none",
        ),
        ("deploy", {"resource": "host.server/web"}, NotSupported, "resource: expected type/key"),
        ("deploy", {"resource": "blog"}, NotSupported, "resource: expected type/key"),
        ("dry_run", {"resource": "proxy.group/x"}, NotSupported, "resource: expected type/key"),
        ("rollback", {"server": "none"}, NotFound, "server: there is no proxy.server/none"),
        ("adopt", {"server": "none"}, NotFound, "server: there is no"),
        ("drift", {"server": "none"}, NotFound, "server: there is no proxy.server/none"),
        ("overwrite", {"server": "../etc"}, NotFound, "server: there is no"),
        ("purge_cache", {"host": "none"}, NotFound, "host: there is no proxy.host/none"),
        ("set_maintenance", {"host": "none", "enabled": True}, NotFound, "host: there is no"),
        ("test_upstream", {"host": "none"}, NotFound, "host: there is no"),
        ("issue", {"certificate": "none"}, NotFound, "certificate: there is no"),
        ("renew", {"certificate": "none"}, NotFound, "certificate: there is no"),
    ],
)
async def test_what_is_not_there_is_named(
    world: World, service: str, data: dict[str, Any], error: type[HubError], words: str
) -> None:
    with pytest.raises(error, match=words):
        await call(world, service, **data)


VERBS: list[tuple[str, dict[str, Any]]] = [
    ("deploy", {"resource": "proxy.host/blog"}),
    ("dry_run", {"resource": "proxy.host/blog"}),
    ("rollback", {"server": "web"}),
    ("adopt", {"server": "web"}),
    ("drift", {"server": "web"}),
    ("overwrite", {"server": "web"}),
    ("purge_cache", {"host": "blog"}),
    ("set_maintenance", {"host": "blog", "enabled": True}),
    ("test_upstream", {"host": "blog"}),
]


async def test_rights_on_the_resource_apply(blog: World) -> None:
    auth = blog.hub.auth
    deny = {"effect": "deny", "verbs": ["apply"], "resource_type": ["proxy.*"]}
    hide = {"effect": "deny", "verbs": ["read"], "resource_key": ["blog"]}
    await auth.policies.put("hands-off", [deny])
    await auth.policies.put("no-blog", [hide])
    user = await auth.users.create("Guest", role=Role.OPERATOR, policies=["hands-off"])
    guest = Context(user_id=user.id)
    jobs = len(blog.hub.jobs.list())
    for service, data in VERBS:
        with pytest.raises(Unauthorized):
            await call(blog, service, guest, **data)
    with pytest.raises(Unauthorized):
        await call(blog, "diagnostics", guest)
    assert blog.hub.resources.get("proxy.host", "blog").revision == 1
    assert len(blog.hub.jobs.list()) == jobs
    assert set((await call(blog, "status", guest))["hosts"]) == {"blog"}
    await auth.users.update(user.id, policies=["no-blog"])
    found = await call(blog, "status", guest)
    assert (set(found["hosts"]), set(found["servers"])) == (set(), {"web"})
    operator = Context(user_id=(await auth.users.create("Op", role=Role.OPERATOR)).id)
    assert await call(blog, "deploy", operator, resource="proxy.host/blog")
    with pytest.raises(Unauthorized):
        await call(blog, "set_maintenance", operator, host="blog", enabled=True)
    answer = await call(blog, "rollback", operator, server="web")
    assert (await done(blog, answer["job_id"])).user_id == operator.user_id


async def test_without_a_server_there_are_no_services(bare: World) -> None:
    assert not bare.hub.services.has("proxy", "status")
