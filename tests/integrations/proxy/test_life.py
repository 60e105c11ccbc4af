"""The life of what is deployed: moved, taken back, on a server that changes, goes or was lost."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.resources import Phase
from tests.integrations.proxy.conftest import World, forward
from tests.integrations.proxy.test_case_candidate import over_tls, self_signed, until
from tests.integrations.proxy.test_case_reload import crash, master
from tests.peers.nginx import Backend, StartBackend, lives, own_spec
from tests.peers.ports import free_port_number
from tests.peers.sshd import Sshd

pytestmark = pytest.mark.timeout(120)


def phase(world: World, name: str) -> Phase:
    """Return how a resource stands."""
    return world.hub.resources.status(*name.split("/")).phase


def deploys(world: World, key: str = "web") -> int:
    """Return the running number of the release in force."""
    return int((world.bases[key] / "current").readlink().name[1:7])


def commands() -> list[str]:
    """Return the command lines of all processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_text(errors="replace"))
    return found


def age(world: World, *keys: str) -> None:
    """Make what is known of servers too old to be believed."""
    for key in keys:
        site = world.site(key)
        assert site.seen is not None
        site.seen = replace(site.seen, at=0.0)


async def two(bare: World, sshd: Sshd, make_base: Callable[[], Path], start: Any) -> Sshd:
    """Add the servers `near` and `far`, each behind an sshd of its own; returns that of `far`."""
    await bare.add_host(sshd, "near")
    assert (await bare.add_own(make_base(), "near")).phase is Phase.IN_SYNC
    other: Sshd = start()
    await bare.add_host(other, "far")
    assert (await bare.add_own(make_base(), "far")).phase is Phase.IN_SYNC
    return other


async def test_the_status_port_of_a_server_with_hosts_changes(
    world: World, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    spec = world.hub.resources.get("proxy.server", "web").spec
    await world.good("proxy.server/web", **{**spec, "status_port": free_port_number()})
    assert await world.fetch("blog.test") == "site /\n"
    assert phase(world, "proxy.host/blog") is Phase.IN_SYNC


async def test_the_http_port_of_a_server_with_hosts_changes(world: World, backend: Backend) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    spec = world.hub.resources.get("proxy.server", "web").spec
    await world.add_server("web", {**spec, "http_port": free_port_number()})
    assert await world.fetch("blog.test") == "site /\n"
    assert phase(world, "proxy.host/blog") is Phase.IN_SYNC


async def test_a_host_leaves_a_server_only_when_the_other_one_serves_it(
    bare: World, sshd: Sshd, start_sshd: Callable[..., Sshd], backend: Backend,
    make_base: Callable[[], Path],
) -> None:  # fmt: skip
    other = await two(bare, sshd, make_base, start_sshd)
    await bare.good("proxy.host/blog", **forward(backend, "blog.test", servers=["near"]))
    other.stop()
    age(bare, "near", "far")
    status = await bare.apply("proxy.host/blog", **forward(backend, "blog.test", servers=["far"]))
    assert status.phase is not Phase.IN_SYNC
    assert await bare.fetch("blog.test", server="near") == "site /\n"
    other.start()
    bare.hub.runners.reconnect("far")
    await until(lambda: phase(bare, "proxy.host/blog") is Phase.IN_SYNC)
    assert await bare.fetch("blog.test", server="far") == "site /\n"
    assert await bare.fetch("blog.test", server="near") is None


async def test_a_budget_is_no_reason_to_leave_a_server(
    bare: World, sshd: Sshd, start_sshd: Callable[..., Sshd], backend: Backend,
    make_base: Callable[[], Path],
) -> None:  # fmt: skip
    """The new one of a group fails within the budget: the old one goes on serving."""
    await two(bare, sshd, make_base, start_sshd)
    await bare.good("proxy.group/all", servers=["far"], failure_budget=1, canary=0)
    await bare.good("proxy.host/blog", **forward(backend, "blog.test", servers=["near"]))
    (bare.bases["far"] / "lock").mkdir()
    (bare.bases["far"] / "lock" / "owner").write_text("0123456789abcdef 1\n")
    spec = forward(backend, "blog.test", servers=[], group="all")
    status = await bare.apply("proxy.host/blog", **spec)
    assert status.phase is not Phase.IN_SYNC
    assert await bare.fetch("blog.test", server="near") == "site /\n"


async def test_what_is_deleted_while_its_server_is_away_is_not_forgotten(
    world: World, sshd: Sshd, backend: Backend, make_house: Any
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    sshd.stop()
    again = World(await make_house(after=world.house), world.ports, {}, world.bases)
    await again.hub.resources.delete("proxy.host", "blog")
    await until(lambda: again.hub.resources.status("proxy.host", "blog").attempts > 0)
    assert await again.fetch("blog.test") == "site /\n"
    sshd.start()
    again.hub.runners.reconnect("web")
    await until(lambda: again.hub.resources.store.get("proxy.host/blog") is None)
    assert await again.fetch("blog.test") is None


async def test_a_restart_of_the_hub_deploys_nothing(
    world: World, backend: Backend, make_house: Any
) -> None:
    await world.good("proxy.access_list/team", items=[{"username": "a", "password": "geheim11"}])
    spec = forward(backend, "blog.test", access_list_id="team")
    await world.good("proxy.host/blog", **spec)
    await world.good("proxy.host/two", **forward(backend, "two.test"))
    number = deploys(world)
    again = World(await make_house(after=world.house), world.ports, {}, world.bases)
    names = ("proxy.host/blog", "proxy.host/two", "proxy.server/web", "proxy.access_list/team")
    before = {name: again.hub.resources.status(*name.split("/")) for name in names}
    for name in names:
        await until(
            lambda: all(again.hub.resources.status(*one.split("/")).observed_at for one in names)
        )
        await again.again(name)
    assert {phase(again, name) for name in names} == {Phase.IN_SYNC}, before
    assert deploys(again) == number
    assert not [job for job in again.hub.jobs.list() if job.state.value == "running"]


async def test_a_server_goes_whose_own_nginx_does_not_run(world: World, backend: Backend) -> None:
    base = world.bases["web"]
    pid = master(base)
    crash(pid)
    while lives(pid):
        await asyncio.sleep(0.01)
    await world.gone("proxy.server/web")
    assert not (base / "releases").exists()
    assert not [line for line in commands() if str(base) in line]


async def test_hosts_come_along_to_another_folder(
    world: World, backend: Backend, make_base: Callable[[], Path]
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    spec = world.hub.resources.get("proxy.server", "web").spec
    free = own_spec(make_base())
    status = await world.add_server("web", {**spec, **free, "server": "web"})
    assert status.phase is Phase.IN_SYNC, status.message
    assert await world.fetch("blog.test") == "site /\n"


async def test_two_want_the_same_domain_at_the_same_moment(world: World, backend: Backend) -> None:
    names = ["proxy.host/zz", "proxy.host/aa"]
    for name in names:
        await world.put(name, **forward(backend, "same.test"))
    statuses = {name: await world.settled(name) for name in names}
    assert sorted(item.phase.value for item in statuses.values()) == ["failed", "in_sync"]
    lost = next(item for item in statuses.values() if item.phase is Phase.FAILED)
    assert "same.test" in lost.message
    assert await world.fetch("same.test") == "site /\n"


async def test_what_a_rollback_says_and_what_the_next_deploy_does(
    world: World, start_backend: StartBackend
) -> None:
    one, two = await start_backend("one"), await start_backend("two")
    await world.good("proxy.host/blog", **forward(one, "blog.test"))
    await world.good("proxy.host/blog", **forward(two, "blog.test"))
    await world.good("proxy.host/late", **forward(two, "late.test"))
    await world.site().rollback(sorted(world.site().seen.releases)[1])  # type: ignore[union-attr]
    assert await world.fetch("blog.test") == "one /\n"
    assert await world.fetch("late.test") is None
    await until(lambda: phase(world, "proxy.host/blog") is Phase.DRIFTED)
    await until(lambda: phase(world, "proxy.host/late") is Phase.DRIFTED)
    await world.good("proxy.host/new", **forward(two, "new.test"))
    assert await world.fetch("blog.test") == "one /\n"
    assert phase(world, "proxy.host/blog") is Phase.DRIFTED
    assert (await world.again("proxy.host/blog")).phase is Phase.IN_SYNC
    assert await world.fetch("blog.test") == "two /\n"


async def test_a_host_that_is_refused_keeps_no_server_from_being_made_anew(
    world: World, backend: Backend, make_base: Callable[[], Path]
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    bad = forward(backend, "bad.test", advanced_config="no_such_directive on;")
    assert (await world.apply("proxy.host/bad", **bad)).phase is Phase.FAILED
    spec = world.hub.resources.get("proxy.server", "web").spec
    await world.add_server("web", {**spec, **own_spec(make_base()), "server": "web"})
    assert phase(world, "proxy.server/web") is Phase.IN_SYNC
    assert await world.fetch("blog.test") == "site /\n"
    assert await world.fetch("bad.test") is None


async def test_a_server_that_was_lost_is_told_and_made_anew(world: World, backend: Backend) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    base = world.bases["web"]
    crash(master(base))
    shutil.rmtree(base)
    world.hub.resources.look("proxy.server", "web")
    await until(lambda: phase(world, "proxy.server/web") is Phase.DRIFTED)
    assert (await world.again("proxy.server/web")).phase is Phase.IN_SYNC
    assert await world.fetch("blog.test") == "site /\n"
    await until(lambda: phase(world, "proxy.host/blog") is Phase.IN_SYNC)


async def test_an_adopted_text_gets_a_renewed_certificate(
    world: World, backend: Backend, tmp_path: Path
) -> None:
    def custom(pair: tuple[str, str]) -> dict[str, Any]:
        names = ["tls.test"]
        chain, key = pair
        return {
            "domain_names": names, "provider": "custom", "certificate": chain,
            "certificate_key": key,
        }  # fmt: skip

    await world.good("proxy.certificate/own", **custom(self_signed(tmp_path, "tls.test")))
    await world.good("proxy.host/tls", **forward(backend, "tls.test", certificate_id="own"))
    await until(lambda: "ssl_certificate" in world.files()["http/host-tls.conf"])
    live = world.bases["web"] / "current" / "http" / "host-tls.conf"
    live.write_text(live.read_text() + "# by hand\n")
    await world.site().adopt(None)
    old = {path.name for path in (world.bases["web"] / "files").glob("own-*")}
    await world.good("proxy.certificate/own", **custom(self_signed(tmp_path, "tls.test")))
    text = world.files()["http/host-tls.conf"]
    assert text.endswith("# by hand\n")
    assert not [name for name in old if name in text]
    assert "site" in await over_tls(world, "tls.test")
    for number in range(6):
        await world.good(f"proxy.host/h{number}", **forward(backend, f"h{number}.test"))
    assert not [name for name in old if (world.bases["web"] / "files" / name).exists()]


async def test_an_adopted_text_keeps_no_door_open(world: World, backend: Backend) -> None:
    """Who may come in is never left to an old text."""
    allow = [{"address": "127.0.0.1", "directive": "allow"}]
    deny = [{"address": "127.0.0.1", "directive": "deny"}]
    await world.good("proxy.access_list/team", items=[], clients=allow)
    await world.good("proxy.host/in", **forward(backend, "in.test", access_list_id="team"))
    live = world.bases["web"] / "current" / "http" / "host-in.conf"
    live.write_text(live.read_text() + "# by hand\n")
    await world.site().adopt(None)
    assert (await world.get("in.test")).status == 200
    await world.good("proxy.access_list/team", items=[], clients=deny)
    assert (await world.get("in.test")).status == 403


async def test_an_own_nginx_that_crashed_is_started_without_a_word(
    world: World, backend: Backend
) -> None:
    """As after a reboot of the server; what was changed by hand is no reason not to."""
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    base = world.bases["web"]
    live = base / "current" / "http" / "host-blog.conf"
    live.write_text(live.read_text() + "# by hand\n")
    crash(master(base))
    world.hub.resources.look("proxy.server", "web")
    while await world.fetch("blog.test") is None:
        await asyncio.sleep(0.05)
    await until(lambda: phase(world, "proxy.server/web") is Phase.DRIFTED)
    assert live.read_text().endswith("# by hand\n")


async def test_settings_change_though_a_file_was_changed_by_hand(
    world: World, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    live = world.bases["web"] / "current" / "http" / "host-blog.conf"
    live.write_text(live.read_text() + "# by hand\n")
    spec = world.hub.resources.get("proxy.server", "web").spec
    status = await world.apply("proxy.server/web", **{**spec, "keep_releases": 3})
    assert status.observed_revision == 2, status.message
    assert status.phase in {Phase.IN_SYNC, Phase.DRIFTED}
    assert live.read_text().endswith("# by hand\n")


async def test_what_is_deleted_while_nginx_serves_something_else_is_not_left_behind(
    world: World, backend: Backend
) -> None:
    """The link names a release with the host, nginx serves one without it."""
    base = world.bases["web"]
    older = (base / "current").readlink()
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    newer = (base / "current").readlink()
    (base / "current").unlink()
    (base / "current").symlink_to(older)
    os.kill(master(base), signal.SIGHUP)
    while await world.fetch("blog.test") is not None:
        await asyncio.sleep(0.05)
    (base / "current").unlink()
    (base / "current").symlink_to(newer)
    await world.site().look()
    await world.gone("proxy.host/blog")
    assert "proxy.host/blog" not in (world.site().parts or {})
    assert "http/host-blog.conf" not in world.files()
