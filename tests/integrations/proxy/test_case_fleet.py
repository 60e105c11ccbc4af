"""Failure cases of many: two at once, half a fleet, hands in the files, an end in the middle."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.resources import Phase, Status
from hub.sdk import Unavailable
from tests.integrations.proxy.conftest import World, forward
from tests.integrations.proxy.test_case_candidate import BAD, passes, until
from tests.peers.nginx import Backend, Nginx, StartBackend, own_spec
from tests.peers.sshd import Sshd

pytestmark = pytest.mark.timeout(120)

ROOT = Path(__file__).parents[3]


async def test_case_11_changes_that_wait_go_together(world: World, backend: Backend) -> None:
    before = len(world.site().seen.releases)  # type: ignore[union-attr]
    number_before = int(str(world.site().seen.current)[1:7])  # type: ignore[union-attr]
    names = [f"h{number}" for number in range(30)]
    async with world.site()._lock:  # as while a deploy runs
        for name in names:
            await world.put(f"proxy.host/{name}", **forward(backend, f"{name}.test"))
    for name in names:
        assert (await world.settled(f"proxy.host/{name}")).phase is Phase.IN_SYNC
    assert {await world.fetch(f"{name}.test") for name in names} == {"site /\n"}
    deploys = int(str(world.site().seen.current)[1:7]) - number_before  # type: ignore[union-attr]
    assert 1 <= deploys <= 15
    assert before == 1


async def test_case_11_the_lock_of_another_hub_is_respected(world: World, backend: Backend) -> None:
    lock = world.bases["web"] / "lock"
    lock.mkdir()
    (lock / "owner").write_text("0123456789abcdef 1234\n")
    os.chmod(lock, 0o777)  # noqa: S103, PTH101
    status = await world.apply("proxy.host/blog", **forward(backend, "blog.test"))
    assert status.phase in {Phase.UNKNOWN, Phase.FAILED}
    assert "deploys there since" in status.message
    assert (lock / "owner").read_text() == "0123456789abcdef 1234\n"
    assert await world.fetch("blog.test") is None
    os.utime(lock, (1, 1))
    shutil.chown(lock, world.bases["web"].owner(), world.bases["web"].group())
    shutil.chown(lock / "owner", world.bases["web"].owner(), world.bases["web"].group())
    assert (await world.again("proxy.host/blog")).phase is Phase.IN_SYNC, "stale: taken over"
    assert not lock.exists()


async def test_case_11_nor_is_anything_rolled_back_or_removed_under_it(
    world: World, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    await world.good("proxy.host/blog", **forward(backend, "blog.test", "www.blog.test"))
    lock = world.bases["web"] / "lock"
    lock.mkdir()
    (lock / "owner").write_text("0123456789abcdef 1234\n")
    current = (world.bases["web"] / "current").readlink()
    for change in (lambda: world.site().rollback(None), world.site().remove):
        with pytest.raises(Unavailable, match="deploys there since"):
            await change()
    assert (world.bases["web"] / "current").readlink() == current
    assert await world.fetch("www.blog.test") == "site /\n"
    (lock / "owner").unlink()
    lock.rmdir()
    await world.site().rollback(None)
    assert await world.fetch("www.blog.test") is None
    assert await world.fetch("blog.test") == "site /\n"
    assert not lock.exists()


async def fleet(
    bare: World, sshd: Sshd, base: Path, keys: list[str], **group: Any
) -> list[dict[str, Any]]:
    """Make a group of servers, each with an nginx of its own behind the same sshd."""
    await bare.add_host(sshd, "box")
    specs = []
    for key in keys:
        spec = {**own_spec(base.parent / key), "server": "box"}
        status = await bare.add_server(key, spec)
        assert status.phase is Phase.IN_SYNC, status.message
        specs.append(spec)
    await bare.good("proxy.group/all", servers=keys, **group)
    return specs


async def test_case_18_a_canary_stops_a_rollout(
    bare: World, sshd: Sshd, backend: Backend, make_base: Callable[[], Path]
) -> None:
    keys = [f"s{number}" for number in range(5)]
    await fleet(bare, sshd, make_base(), keys, canary=1, wave=2)
    spec = forward(backend, "blog.test", servers=[], group="all")
    await bare.good("proxy.host/blog", **spec)
    assert {await bare.fetch("blog.test", server=key) for key in keys} == {"site /\n"}
    before = {key: bare.site(key).seen.current for key in keys}  # type: ignore[union-attr]
    status = await bare.apply("proxy.host/blog", **{**spec, "advanced_config": BAD})
    assert status.phase is Phase.FAILED
    assert "s0" in status.message
    assert {key: bare.site(key).seen.current for key in keys} == before  # type: ignore[union-attr]
    assert {bare.site(key).outcome for key in keys[1:]} == {"done"}, "only the canary was asked"
    log = await bare.job_log(status)
    assert any("canary" in line for line in log)


@pytest.mark.parametrize("on_failure", ["rollback", "hold"])
async def test_case_18_a_failure_budget(
    bare: World, sshd: Sshd, start_backend: StartBackend, make_base: Callable[[], Path],
    on_failure: str,
) -> None:  # fmt: skip
    """Server s3 has the port of the stream taken: its reload does nothing."""
    keys = [f"s{number}" for number in range(4)]
    one = await start_backend("one")
    await fleet(bare, sshd, make_base(), keys, canary=1, wave=1, on_failure=on_failure)
    two = await start_backend("two")
    old = forward(one, "blog.test", servers=[], group="all")
    new = forward(two, "blog.test", servers=[], group="all")
    await bare.good("proxy.host/blog", **old)
    live = bare.bases["s3"] / "current" / "http" / "host-blog.conf"
    live.write_text(live.read_text() + "# by hand\n")
    status = await bare.apply("proxy.host/blog", **new)
    assert status.phase is Phase.FAILED
    assert "s3" in status.message
    answers = [await bare.fetch("blog.test", server=key) for key in keys]
    if on_failure == "rollback":
        assert answers == ["one /\n"] * 4
        assert status.outcome == "rolled_back"
    else:
        assert answers == ["two /\n"] * 3 + ["one /\n"]
        assert status.outcome == "half_applied"


async def test_case_18_a_fleet_is_no_success_while_a_server_is_pending(
    bare: World, sshd: Sshd, start_sshd: Callable[..., Sshd], backend: Backend,
    make_base: Callable[[], Path],
) -> None:  # fmt: skip
    keys = ["s0", "s1", "far"]
    await fleet(bare, sshd, make_base(), keys[:2], canary=0, wave=3, failure_budget=1)
    other = start_sshd()
    await bare.add_host(other, "far")
    assert (await bare.add_own(make_base(), "far")).phase is Phase.IN_SYNC
    spec = {"servers": keys, "canary": 0, "wave": 3, "failure_budget": 1}
    await bare.good("proxy.group/all", **spec)
    other.stop()
    host = forward(backend, "blog.test", servers=[], group="all")
    status = await bare.apply("proxy.host/blog", **host)
    assert status.phase is not Phase.IN_SYNC
    assert "far" in status.message
    assert await bare.fetch("blog.test", server="s0") == "site /\n"

    def known() -> Status:
        return bare.hub.resources.status("proxy.host", "blog")

    await until(lambda: known().facts["servers"]["s0"]["revision"] == 1)
    assert known().phase is not Phase.IN_SYNC
    other.start()
    bare.hub.runners.reconnect("far")
    await until(lambda: bare.hub.resources.status("proxy.host", "blog").phase is Phase.IN_SYNC)
    assert await bare.fetch("blog.test", server="far") == "site /\n"


async def test_case_19_changes_by_hand_are_found_and_never_overwritten(
    world: World, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    await world.good("proxy.host/two", **forward(backend, "two.test"))
    current = world.bases["web"] / "current" / "http"
    edited = (current / "host-blog.conf").read_text() + "# by hand\n"
    (current / "host-blog.conf").write_text(edited)
    (current / "zz-extra.conf").write_text("# extra\n")
    (current / "host-two.conf").unlink()
    seen = await world.site().look(deep=True)
    assert seen.drift is not None
    assert seen.drift.modified == ("http/host-blog.conf",)
    assert seen.drift.missing == ("http/host-two.conf",)
    assert seen.drift.extra == ("http/zz-extra.conf",)
    world.hub.resources.look("proxy.server", "web")
    await until(lambda: world.hub.resources.status("proxy.server", "web").phase is Phase.DRIFTED)
    drift = world.hub.resources.status("proxy.server", "web").drift
    assert {step.target for step in drift} == {
        "http/host-blog.conf", "http/host-two.conf", "http/zz-extra.conf",
    }  # fmt: skip
    # another host is deployed; what was changed by hand stays
    await world.good("proxy.host/three", **forward(backend, "three.test"))
    assert (current / "host-blog.conf").read_text() == edited
    assert (current / "zz-extra.conf").exists()
    # the edited one is not replaced without a word
    spec = forward(backend, "blog.test", headers={"response": {"X-New": "1"}})
    status = await world.apply("proxy.host/blog", **spec)
    assert status.phase is Phase.FAILED
    assert "by hand" in status.message
    assert (current / "host-blog.conf").read_text() == edited
    # the wish is taken back, or the hub tries it again as soon as nothing is by hand any more
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    # adopt: it is the hub's from now on
    await world.site().adopt(["http/host-blog.conf"])
    assert (current / "host-blog.conf").read_text() == edited
    seen = await world.site().look(deep=True)
    assert seen.drift is not None
    assert seen.drift.modified == ()
    # overwrite the rest
    status = await world.again("proxy.server/web")
    assert status.phase is Phase.IN_SYNC, status.message
    assert not (current / "zz-extra.conf").exists()
    assert (current / "host-two.conf").exists()
    assert (current / "host-blog.conf").read_text() == edited
    seen = await world.site().look(deep=True)
    assert not seen.drift
    # and a new spec replaces what was adopted
    await world.good("proxy.host/blog", **spec)
    assert "# by hand" not in (current / "host-blog.conf").read_text()


async def test_case_20_nothing_of_others_is_touched(
    shared: World, backend: Backend, nginx: Nginx
) -> None:
    before = nginx.bytes_of_others()
    for number in range(3):
        await shared.good(f"proxy.host/h{number}", **forward(backend, f"h{number}.test"))
    await shared.apply("proxy.host/h0", **forward(backend, "h0.test", advanced_config=BAD))
    assert await shared.fetch("foreign.test") == "foreign\n"
    await shared.gone("proxy.host/h1")
    assert await shared.fetch("h1.test") != "site /\n"
    assert "http/host-h1.conf" not in shared.files()
    for number in (0, 2):
        await shared.gone(f"proxy.host/h{number}")
    await shared.gone("proxy.server/web")
    assert nginx.bytes_of_others() == before
    assert not (nginx.folder / "hub").exists() or not any((nginx.folder / "hub").rglob("*.conf"))
    assert not (nginx.folder / "conf.d" / "hub.conf").exists()
    assert await shared.fetch("foreign.test") == "foreign\n"


async def test_case_20_a_path_that_leads_elsewhere_is_refused(
    bare: World, sshd: Sshd, make_base: Callable[[], Path], tmp_path: Path
) -> None:
    await bare.add_host(sshd)
    base = make_base()
    elsewhere = base.parent / "elsewhere"
    elsewhere.mkdir()
    shutil.chown(elsewhere, sshd.account.name)
    base.symlink_to(elsewhere)
    status = await bare.add_own(base)
    assert status.phase is Phase.FAILED
    assert "base" in status.message
    assert list(elsewhere.iterdir()) == []


async def test_case_20_a_file_of_somebody_else_at_our_name_is_refused(
    bare: World, sshd: Sshd, nginx: Nginx
) -> None:
    sshd.account.grant("ALL=(ALL) NOPASSWD: ALL")
    await bare.add_host(sshd, sudo="nopasswd")
    (nginx.folder / "conf.d" / "hub.conf").write_text("# mine\n")
    status = await bare.add_shared(nginx)
    assert status.phase is Phase.FAILED
    assert "hub.conf" in status.message
    assert (nginx.folder / "conf.d" / "hub.conf").read_text() == "# mine\n"
    assert await bare.fetch("foreign.test") == "foreign\n"


@pytest.mark.parametrize(
    "state", ["preflight", "uploading", "testing", "swapping", "reloading", "proving"]
)
async def test_case_27_the_end_of_the_hub_in_the_middle(
    sshd: Sshd, backend: Backend, make_base: Callable[[], Path], tmp_path: Path, state: str
) -> None:
    config, data = tmp_path / "config", tmp_path / "data"
    (config / "resources").mkdir(parents=True)
    (config / "hub.yaml").write_text("hub:\n  name: Test\nmqtt:\n  enabled: false\n")
    base = make_base()
    spec = own_spec(base)
    host = {
        "address": sshd.host,
        "port": sshd.port,
        "user": sshd.account.name,
        "credential": {"private_key": sshd.client_key},
        "host_keys": [sshd.host_key],
    }
    (config / "resources" / "first.yaml").write_text(
        json.dumps({"host.server/web": host, "proxy.server/web": {**spec, "server": "web"}})
    )
    document = {"proxy.host/blog": forward(backend, "blog.test")}
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps(document))

    async def run(wanted: str) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(Path(__file__).with_name("crashing.py")),
            str(config), str(data), wanted, "1",
            env={**os.environ, "PYTHONPATH": str(ROOT), "HUB_TEST_SEED": str(seed)},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        (tmp_path / "log").write_bytes(output)
        return process.returncode or 0

    assert await run(state) == -signal.SIGKILL, (tmp_path / "log").read_text()
    world = World(None)  # type: ignore[arg-type]
    world.ports["web"] = {"http_port": spec["http_port"]}  # type: ignore[dict-item]
    world.bases["web"] = base
    assert await world.fetch("blog.test") == "site /\n", "it serves, old or new"
    assert passes(world)
    assert await run("none") == 0, (tmp_path / "log").read_text()
    assert (await world.get("blog.test")).headers["X-New"] == "1"
    assert not (base / "lock").exists()
    assert all((path / ".complete").exists() for path in (base / "releases").iterdir())
    served = release(int(str(spec["status_port"])))
    assert f"releases/{served}" == str((base / "current").readlink())


def release(port: int) -> str:
    """Return the release that an nginx serves."""
    url = f"http://127.0.0.1:{port}/hub/release"
    return subprocess.run(["curl", "-s", url], capture_output=True, text=True, check=True).stdout
