"""The life of a fleet: members that come and go, other hubs, ends in the middle, many at once."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.hub import Hub
from hub.resources import Phase
from hub.sdk import HubError
from integrations.proxy.deploying.deploy import State
from tests.integrations.proxy.conftest import MakeHouseWorld, World, forward
from tests.integrations.proxy.test_case_candidate import until
from tests.integrations.proxy.test_case_fleet import fleet
from tests.integrations.proxy.test_life import deploys, phase
from tests.peers.nginx import Backend, Nginx, StartBackend
from tests.peers.sshd import Sshd


def spec_of(hub: Hub, name: str) -> dict[str, Any]:
    return dict(hub.resources.get(*name.split("/")).spec)


async def test_members_of_a_group_come_and_go(
    bare: World, sshd: Sshd, backend: Backend, make_base: Callable[[], Path]
) -> None:
    keys = ["s0", "s1", "s2"]
    await fleet(bare, sshd, make_base(), keys, canary=1, wave=1)
    await bare.good("proxy.group/all", servers=["s0", "s1"])
    await bare.good("proxy.host/blog", **forward(backend, "blog.test", servers=[], group="all"))
    assert await bare.fetch("blog.test", server="s2") is None
    await bare.good("proxy.group/all", servers=["s1", "s2"])
    await until(lambda: "proxy.host/blog" in (bare.site("s2").parts or {}))
    await until(lambda: "proxy.host/blog" not in (bare.site("s0").parts or {}))
    assert await bare.fetch("blog.test", server="s2") == "site /\n"
    assert await bare.fetch("blog.test", server="s0") is None
    await until(lambda: phase(bare, "proxy.host/blog") is Phase.IN_SYNC)


async def test_a_member_that_came_as_the_hub_ended_gets_its_hosts(
    bare: World, sshd: Sshd, backend: Backend, make_base: Callable[[], Path], make_house: Any
) -> None:
    await fleet(bare, sshd, make_base(), ["s0", "s1"])
    await bare.good("proxy.group/all", servers=["s0"])
    await bare.good("proxy.host/blog", **forward(backend, "blog.test", servers=[], group="all"))
    bare.hub.resources.engine._stopping = True  # type: ignore[union-attr]
    await bare.put("proxy.group/all", servers=["s0", "s1"])
    again = World(await make_house(after=bare.house), bare.ports, {}, bare.bases)
    await until(lambda: "proxy.host/blog" in (again.site("s1").parts or {}))
    assert await again.fetch("blog.test", server="s1") == "site /\n"


async def test_an_access_list_that_changes_reaches_all_that_use_it_and_nothing_else(
    world: World, backend: Backend
) -> None:
    users = [{"username": "a", "password": "geheim11"}]
    await world.good("proxy.access_list/team", items=users)
    for name in ("one", "two"):
        spec = forward(backend, f"{name}.test", access_list_id="team")
        await world.good(f"proxy.host/{name}", **spec)
    await world.good("proxy.host/open", **forward(backend, "open.test"))
    before, number = world.files(), deploys(world)
    await world.good("proxy.access_list/team", items=[], clients=[
        {"address": "127.0.0.1", "directive": "deny"}
    ])  # fmt: skip
    assert [(await world.get(f"{name}.test")).status for name in ("one", "two", "open")] == [
        403, 403, 200,
    ]  # fmt: skip
    changed = {path for path, text in world.files().items() if text != before[path]}
    assert changed == {"http/00-hub.conf", "http/host-one.conf", "http/host-two.conf"}
    assert deploys(world) == number + 1
    with pytest.raises(HubError, match=r"proxy.host/(one|two)"):
        await world.hub.resources.delete("proxy.access_list", "team")
    for name in ("one", "two"):
        await world.good(f"proxy.host/{name}", **forward(backend, f"{name}.test"))
    await world.gone("proxy.access_list/team")
    assert "proxy.access_list/team" not in (world.site().parts or {})


async def test_what_is_deleted_and_made_anew_at_once(
    world: World, start_backend: StartBackend
) -> None:
    one, two = await start_backend("one"), await start_backend("two")
    await world.good("proxy.host/blog", **forward(one, "blog.test"))
    await world.hub.resources.delete("proxy.host", "blog")
    while True:
        try:
            await world.put("proxy.host/blog", **forward(two, "blog.test"))
            break
        except HubError:
            await asyncio.sleep(0.01)
    assert (await world.settled("proxy.host/blog")).phase is Phase.IN_SYNC
    assert await world.fetch("blog.test") == "two /\n"


async def test_a_hub_that_lost_its_memory_takes_nothing_away(
    world: World, sshd: Sshd, backend: Backend, make_house_world: MakeHouseWorld
) -> None:
    """Another hub without the hosts: refused, then told what nobody manages; all is served on."""
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    await world.good("proxy.host/both", **forward(backend, "both.test"))
    server = spec_of(world.hub, "proxy.server/web")
    await world.house.stop()
    other = await make_house_world()
    await other.add_host(sshd)
    status = await other.add_server("web", server)
    assert status.phase is Phase.FAILED
    assert "take_over" in status.message
    status = await other.add_server("web", {**server, "take_over": True})
    assert status.phase is Phase.IN_SYNC, status.message
    await other.good("proxy.host/new", **forward(backend, "new.test"))
    for name in ("blog", "both", "new"):
        assert await other.fetch(f"{name}.test") == "site /\n"
    other.hub.resources.look("proxy.server", "web")

    def unknown() -> Any:
        return other.hub.resources.status("proxy.server", "web").facts.get("unknown")

    await until(lambda: unknown() == ["proxy.host/blog", "proxy.host/both"])
    conditions = other.hub.resources.status("proxy.server", "web").conditions
    told = next(one for one in conditions if one.type == "known")
    assert told.status is False
    assert "proxy.host/blog" in told.message
    # it becomes a resource again, and goes as one
    await other.good("proxy.host/blog", **forward(backend, "blog.test"))
    await other.gone("proxy.host/blog")
    assert await other.fetch("blog.test") is None
    assert await other.fetch("both.test") == "site /\n"


async def test_a_server_of_another_hub_does_not_touch_ours(
    bare: World, sshd: Sshd, backend: Backend, make_base: Callable[[], Path]
) -> None:
    """It serves something with the key of a host of ours."""
    await bare.add_host(sshd)
    assert (await bare.add_own(make_base(), "web")).phase is Phase.IN_SYNC
    assert (await bare.add_own(make_base(), "theirs", server="web")).phase is Phase.IN_SYNC
    spec = forward(backend, "blog.test", servers=["web", "theirs"])
    await bare.good("proxy.host/blog", **spec)
    path = bare.bases["theirs"] / "current" / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "hub": "fedcba9876543210"}))
    bare.site("theirs").seen = None
    await bare.site("theirs").look()
    await bare.good("proxy.host/blog", **forward(backend, "blog.test"))
    assert await bare.fetch("blog.test", server="theirs") == "site /\n"


@pytest.mark.parametrize("state", ["preflight", "uploading", "testing", "swapping", "proving"])
async def test_a_cancelled_deploy_ends_as_it_was(
    world: World, start_backend: StartBackend, state: str
) -> None:
    one, two = await start_backend("one"), await start_backend("two")
    await world.good("proxy.host/blog", **forward(one, "blog.test"))
    asked = asyncio.Event()

    def cancel() -> None:
        if world.site().state == state and not asked.is_set():
            asked.set()

    world.site().listen(cancel)
    await world.put("proxy.host/blog", **forward(two, "blog.test"))
    await asked.wait()
    job = world.hub.resources.status("proxy.host", "blog").job_id
    assert job is not None
    await world.hub.jobs.cancel(job)
    status = await world.settled("proxy.host/blog")
    assert status.phase is Phase.FAILED
    assert status.outcome == "rolled_back"
    assert await world.fetch("blog.test") == "one /\n"
    assert not (world.bases["web"] / "lock").exists()


@pytest.mark.parametrize("state", ["uploading", "testing", "swapping", "reloading", "proving"])
async def test_a_hub_that_is_stopped_in_the_middle_goes_on_later(
    world: World, start_backend: StartBackend, make_house: Any, state: str
) -> None:
    one, two = await start_backend("one"), await start_backend("two")
    await world.good("proxy.host/blog", **forward(one, "blog.test"))
    there = asyncio.Event()

    def reached() -> None:
        if world.site().state is State(state):
            there.set()

    world.site().listen(reached)
    await world.put("proxy.host/blog", **forward(two, "blog.test"))
    await there.wait()
    async with asyncio.timeout(30):
        await world.house.stop()
    assert await world.fetch("blog.test") in {"one /\n", "two /\n"}
    again = World(await make_house(after=world.house), world.ports, {}, world.bases)
    board = again.hub.resources.status
    await until(lambda: board("proxy.host", "blog").observed_revision == 2)
    await until(lambda: phase(again, "proxy.host/blog") is Phase.IN_SYNC)
    assert await again.fetch("blog.test") == "two /\n"
    await until(lambda: not (world.bases["web"] / "lock").exists())


async def test_two_hundred_hosts_at_once(world: World, backend: Backend) -> None:
    number = deploys(world)
    names = [f"h{index:03d}" for index in range(200)]
    async with world.site()._lock:  # as while a deploy runs
        for name in names:
            await world.put(f"proxy.host/{name}", **forward(backend, f"{name}.test"))
    for name in names:
        assert (await world.settled(f"proxy.host/{name}")).phase is Phase.IN_SYNC
    assert deploys(world) - number <= 40
    for name in (names[0], names[99], names[199]):
        assert await world.fetch(f"{name}.test") == "site /\n"


async def test_another_drop_in_needs_the_old_one_to_be_moved(
    shared: World, backend: Backend, nginx: Nginx
) -> None:
    await shared.good("proxy.host/blog", **forward(backend, "blog.test"))
    others = nginx.bytes_of_others()
    spec = spec_of(shared.hub, "proxy.server/web")
    other = nginx.folder / "sites-enabled" / "hub.conf"
    status = await shared.apply("proxy.server/web", **{**spec, "drop_in": str(other)})
    assert status.phase is Phase.FAILED
    old = nginx.folder / "conf.d" / "hub.conf"
    assert f"mv {old} {other}" in status.message
    assert await shared.fetch("blog.test") == "site /\n"
    old.rename(other)
    status = await shared.again("proxy.server/web")
    assert status.phase is Phase.IN_SYNC, status.message
    await shared.good("proxy.host/two", **forward(backend, "two.test"))
    assert await shared.fetch("blog.test") == "site /\n"
    for name in ("proxy.host/blog", "proxy.host/two", "proxy.server/web"):
        await shared.gone(name)
    assert not other.exists()
    assert nginx.bytes_of_others() == others


async def test_an_instance_that_becomes_another_kind_leaves_no_drop_in(
    shared: World, backend: Backend, nginx: Nginx
) -> None:
    await shared.good("proxy.host/blog", **forward(backend, "blog.test"))
    spec = spec_of(shared.hub, "proxy.server/web")
    status = await shared.apply("proxy.server/web", **{**spec, "instance": "own"})
    assert status.phase is Phase.FAILED
    assert "instance" in status.message
    assert await shared.fetch("blog.test") == "site /\n"
    assert await shared.fetch("foreign.test") == "foreign\n"
    # and it can still go, with what is in force
    await shared.good("proxy.server/web", **spec)
    await shared.gone("proxy.host/blog")
    await shared.apply("proxy.server/web", **{**spec, "instance": "own"})
    await shared.gone("proxy.server/web")
    assert not (nginx.folder / "conf.d" / "hub.conf").exists()
    assert await shared.fetch("foreign.test") == "foreign\n"


async def test_a_server_goes_whose_nginx_was_stopped(
    shared: World, backend: Backend, nginx: Nginx
) -> None:
    nginx.stop()
    await shared.gone("proxy.server/web")
    assert not (nginx.folder / "conf.d" / "hub.conf").exists()
    assert not (nginx.folder / "hub" / "releases").exists()


async def test_a_server_of_another_hub_goes_without_a_trace(
    world: World, sshd: Sshd, backend: Backend, make_house_world: MakeHouseWorld
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    other = await make_house_world()
    await other.add_host(sshd)
    status = await other.add_server("web", spec_of(world.hub, "proxy.server/web"))
    assert status.phase is Phase.FAILED
    await other.gone("proxy.server/web")
    assert await world.fetch("blog.test") == "site /\n"
    assert (world.bases["web"] / "current").is_symlink()
