"""Failure cases of the way to a server: lost, frozen, refused, changed, full, forbidden."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.resources import Phase
from hub.runner.limits import Limits
from hub.sdk import DiskFull, HostKeyChanged, HubError, TimedOut
from integrations.proxy.deploying.deploy import State
from tests.integrations.proxy.conftest import MakeHouseWorld, World, forward
from tests.integrations.proxy.test_case_candidate import until
from tests.peers.nginx import Backend, end, own_spec
from tests.peers.sshd import Account, Sshd, public_folder

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def disk(account: Account) -> Iterator[Path]:
    """A folder of the account on a disk of 1 MB."""
    folder = public_folder("hub-proxy-disk-")
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "hub-test", str(folder)], check=True
    )
    shutil.chown(folder, account.name, account.name)
    yield folder
    for pid_file in folder.rglob("nginx.pid"):
        end(pid_file)
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def fill(folder: Path, leave: int) -> Path:
    """Fill a disk but for `leave` bytes."""
    disk = os.statvfs(folder)
    path = folder / "fill"
    path.write_bytes(b"x" * max(0, disk.f_bavail * disk.f_frsize - leave))
    return path


def releases(world: World, key: str = "web") -> set[str]:
    """Return the names of everything beside the releases."""
    return {path.name for path in (world.bases[key] / "releases").iterdir()}


async def test_case_06_a_full_disk_is_seen_before_the_upload(
    bare: World, sshd: Sshd, backend: Backend, disk: Path
) -> None:
    await bare.add_host(sshd)
    assert (await bare.add_own(disk / "base")).phase is Phase.IN_SYNC
    await bare.good("proxy.host/blog", **forward(backend, "blog.test"))
    before = releases(bare)
    filler = fill(disk, 40_000)
    status = await bare.apply("proxy.host/two", **forward(backend, "two.test"))
    assert status.phase is Phase.FAILED
    assert "disk is full" in status.message
    assert "KB free" in status.message
    assert releases(bare) == before
    assert not (bare.bases["web"] / "lock").exists()
    assert await bare.fetch("blog.test") == "site /\n"
    filler.unlink()
    assert (await bare.again("proxy.host/two")).phase is Phase.IN_SYNC


async def test_case_06_a_disk_that_fills_in_the_upload_leaves_no_part(
    bare: World, sshd: Sshd, disk: Path
) -> None:
    await bare.add_host(sshd)
    assert (await bare.add_own(disk / "base")).phase is Phase.IN_SYNC
    before = releases(bare)
    target = bare.fleet.target("web")
    with pytest.raises(DiskFull):
        await target.stage(
            "r000099-00000000", "x y", archive(2 << 20), size=0, base_of=None, worker=""
        )
    assert releases(bare) == before
    assert not (bare.bases["web"] / "lock").exists()


async def test_case_07_a_connection_lost_in_the_upload(
    world: World, sshd: Sshd, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    partial = world.bases["web"] / "releases" / "r000099-00000000"
    target = world.fleet.target("web")
    upload = asyncio.ensure_future(
        target.stage(partial.name, "x y", archive(60 << 20), size=0, base_of=None, worker="")
    )
    await until(lambda: partial.exists() or upload.done())
    cut(sshd)
    with pytest.raises(HubError):
        await upload
    assert await world.fetch("blog.test") == "site /\n"
    # what runs there ends by itself, and takes its lock along when it can
    await until(lambda: partial.name not in processes())
    lock = world.bases["web"] / "lock"
    os.utime(lock, (1, 1)) if lock.exists() else None
    await world.good("proxy.host/two", **forward(backend, "two.test"))
    assert all((world.bases["web"] / "releases" / name / ".complete").exists()
               for name in releases(world))  # fmt: skip


@pytest.mark.parametrize(
    "state", [State.SWAPPING, State.RELOADING, State.PROVING], ids=lambda state: state.value
)
async def test_case_08_a_connection_lost_in_a_command_after_the_swap(
    world: World, sshd: Sshd, backend: Backend, state: State
) -> None:
    """The outcome is unknown: look, and go on; never report what nobody knows."""
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    cuts = cutting(world, sshd, state)
    spec = forward(backend, "blog.test", headers={"response": {"X-New": "1"}})
    status = await world.apply("proxy.host/blog", **spec)
    assert cuts == [state]
    assert status.phase is Phase.IN_SYNC, status.message
    assert (await world.get("blog.test")).headers["X-New"] == "1"
    assert not (world.bases["web"] / "lock").exists()


@pytest.mark.parametrize("state", [State.UPLOADING, State.TESTING], ids=lambda state: state.value)
async def test_case_08_a_connection_lost_before_the_swap(
    world: World, sshd: Sshd, backend: Backend, state: State
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    current = (world.bases["web"] / "current").readlink()
    cuts = cutting(world, sshd, state)
    spec = forward(backend, "blog.test", headers={"response": {"X-New": "1"}})
    status = await world.apply("proxy.host/blog", **spec)
    assert cuts == [state]
    if status.phase is not Phase.IN_SYNC:
        assert (world.bases["web"] / "current").readlink() == current
        assert "X-New" not in (await world.get("blog.test")).headers
        status = await world.again("proxy.host/blog")
    assert status.phase is Phase.IN_SYNC, status.message
    assert (await world.get("blog.test")).headers["X-New"] == "1"


@pytest.fixture
async def impatient(
    monkeypatch: pytest.MonkeyPatch,
    make_house_world: MakeHouseWorld,
    sshd: Sshd,
    make_base: Callable[[], Path],
) -> World:
    """A hub that finds a frozen peer after two seconds instead of 45."""
    quick = Limits(keepalive=1.0, keepalive_count=2, pause=0.5, longest_pause=1.0)
    monkeypatch.setattr("hub.runner.runners.Limits", lambda: quick)
    world = await make_house_world()
    await world.add_host(sshd)
    assert (await world.add_own(make_base())).phase is Phase.IN_SYNC
    return world


async def test_case_09_a_frozen_peer_is_given_up_and_gone_round(
    impatient: World, sshd: Sshd, backend: Backend
) -> None:
    world = impatient
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    frozen: list[int] = []

    def freeze() -> None:
        frozen.extend(sshd.connections)
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)

    def look() -> None:
        if world.site().state is State.PROVING and not frozen:
            asyncio.get_running_loop().call_later(0.004, freeze)

    world.site().listen(look)
    spec = forward(backend, "blog.test", headers={"response": {"X-New": "1"}})
    status = await world.apply("proxy.host/blog", **spec)
    try:
        assert frozen
        assert await eventually(world, "proxy.host/blog") is Phase.IN_SYNC, status.message
        assert (await world.get("blog.test")).headers["X-New"] == "1"
    finally:
        for pid in frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGKILL)


async def test_case_10_a_late_command_is_ended_on_the_server(world: World) -> None:
    target = world.fleet.target("web")
    mark = f"r000099-{secrets.token_hex(4)}"
    port = str(world.ports["web"]["status_port"])
    outcome = await target.script("prove", [port, mark, "60", "/dev/null", ""], timeout=1)
    with pytest.raises(TimedOut):
        outcome.check()
    assert mark not in processes()


async def test_case_14_a_changed_host_key_stops_everything(
    world: World, sshd: Sshd, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    sshd.change_host_key()
    seen = sshd.count("Accepted publickey")
    status = await world.apply("proxy.host/two", **forward(backend, "two.test"))
    assert status.phase is Phase.FAILED
    assert "SHA256:" in status.message
    with pytest.raises(HostKeyChanged):
        await world.again("proxy.host/two")
    assert sshd.count("Accepted publickey") == seen, "no credential goes to a stranger"
    assert await world.fetch("blog.test") == "site /\n"
    await world.add_host(sshd)
    await asyncio.sleep(0)
    status = await eventually(world, "proxy.host/two")
    assert status is Phase.IN_SYNC


async def test_case_15_away_is_tried_again_and_refused_is_not(
    world: World, sshd: Sshd, backend: Backend
) -> None:
    sshd.stop()
    status = await world.apply("proxy.host/blog", **forward(backend, "blog.test"))
    assert status.phase in {Phase.UNKNOWN, Phase.FAILED}
    assert status.retry_at is not None
    sshd.start()
    assert await eventually(world, "proxy.host/blog") is Phase.IN_SYNC
    before = sshd.count("Failed password")
    await world.add_host(sshd, credential={"password": "wrong"})
    for _ in range(3):
        status = await world.apply(
            "proxy.host/two", **forward(backend, f"{secrets.token_hex(3)}.test")
        )
        assert status.phase is Phase.FAILED, status.message
    assert sshd.count("Failed password") - before == 1


async def test_case_16_many_servers_behind_one_sshd_are_all_reached(
    bare: World, start_sshd: Callable[..., Sshd], backend: Backend, make_base: Callable[[], Path]
) -> None:
    sshd = start_sshd("MaxStartups 10:30:100")
    keys = [f"s{number}" for number in range(14)]
    for key in keys:
        await bare.add_host(sshd, key)
    base = make_base()
    specs = {key: {**own_spec(base.parent / key), "server": key} for key in keys}
    for key, spec in specs.items():
        bare.ports[key] = {name: spec[name] for name in ("http_port", "https_port", "status_port")}  # type: ignore[misc]
        await bare.put(f"proxy.server/{key}", **spec)
    for key in keys:
        status = await bare.settled(f"proxy.server/{key}")
        assert status.phase is Phase.IN_SYNC, status.message
    await bare.good("proxy.host/blog", **forward(backend, "blog.test", servers=keys))
    assert {await bare.fetch("blog.test", server=key) for key in keys} == {"site /\n"}
    assert sshd.count("drop connection") == 0
    assert sshd.count("beginning MaxStartups throttling") == 0


async def test_case_17_few_sessions_are_enough(
    bare: World, start_sshd: Callable[..., Sshd], backend: Backend, make_base: Callable[[], Path]
) -> None:
    sshd = start_sshd("MaxSessions 2")
    await bare.add_host(sshd)
    assert (await bare.add_own(make_base())).phase is Phase.IN_SYNC
    for number in range(12):
        await bare.put(f"proxy.host/h{number}", **forward(backend, f"h{number}.test"))
    for number in range(12):
        status = await bare.settled(f"proxy.host/h{number}")
        assert status.phase is Phase.IN_SYNC, status.message
        assert await bare.fetch(f"h{number}.test") == "site /\n"


@pytest.mark.parametrize("mode", ["root", "nopasswd", "password", "two commands"])
async def test_case_21_every_way_to_the_rights_that_it_takes(
    bare: World, sshd: Sshd, backend: Backend, make_nginx: Callable[[], object], mode: str
) -> None:
    nginx = make_nginx()
    name = sshd.account.name
    changes: dict[str, object] = {}
    folder = nginx.folder  # type: ignore[attr-defined]
    if mode == "root":
        changes = {"user": "root"}
    elif mode == "nopasswd":
        sshd.account.grant("ALL=(ALL) NOPASSWD: ALL")
        changes = {"sudo": "nopasswd"}
    elif mode == "password":
        sshd.account.grant("ALL=(ALL) ALL")
        changes = {"sudo": "password", "sudo_password": sshd.account.password}
    else:
        test = f"/usr/sbin/nginx -t -q -c {folder}/hub/candidate.d/candidate.conf"
        reload = f"/usr/sbin/nginx -c {folder}/nginx.conf -s reload"
        sshd.account.grant(f"ALL=(root) NOPASSWD: {test}, {reload}")
        changes = {"sudo": "nopasswd"}
        (folder / "hub").mkdir()
        shutil.chown(folder / "hub", name, name)
        for place in ("conf.d", "modules-enabled"):
            shutil.chown(folder / place, name, name)
    await bare.add_host(sshd, **changes)
    status = await bare.add_shared(nginx, nginx="/usr/sbin/nginx")  # type: ignore[arg-type]
    assert status.phase is Phase.IN_SYNC, status.message
    await bare.good("proxy.host/blog", **forward(backend, "blog.test"))
    assert await bare.fetch("blog.test") == "site /\n"
    assert await bare.fetch("foreign.test") == "foreign\n"
    await bare.gone("proxy.host/blog")
    await bare.gone("proxy.server/web")
    assert not (folder / "conf.d" / "hub.conf").exists()
    assert await bare.fetch("foreign.test") == "foreign\n"


async def test_case_21_missing_rights_are_told_before_anything_is_sent(
    bare: World, sshd: Sshd, make_nginx: Callable[[], object]
) -> None:
    nginx = make_nginx()
    before = nginx.bytes_of_others()  # type: ignore[attr-defined]
    sshd.account.revoke()
    await bare.add_host(sshd, sudo="password", sudo_password="wrong")
    status = await bare.add_shared(nginx)  # type: ignore[arg-type]
    assert status.phase is Phase.FAILED
    assert "sudo" in status.message
    assert nginx.bytes_of_others() == before  # type: ignore[attr-defined]
    assert not (nginx.folder / "hub").exists()  # type: ignore[attr-defined]


async def test_a_server_without_nginx_says_so(
    bare: World, sshd: Sshd, make_base: Callable[[], Path]
) -> None:
    await bare.add_host(sshd)
    base = make_base()
    status = await bare.add_own(base, nginx="/usr/local/nginx/sbin/nginx")
    assert status.phase in {Phase.UNKNOWN, Phase.FAILED}
    assert "/usr/local/nginx/sbin/nginx is not there" in status.message
    assert not base.exists()


# --- words


def archive(size: int) -> bytes:
    """Return a tar of one large file."""
    import io
    import tarfile

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("http/large.conf")
        info.size = size
        tar.addfile(info, io.BytesIO(secrets.token_bytes(1024) * (size // 1024)))
    return out.getvalue()


def processes() -> str:
    """Return the command lines of this machine."""
    listed = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True)
    return listed.stdout


def cut(sshd: Sshd) -> None:
    """End every connection of the account at once."""
    for pid in sshd.connections:
        os.kill(pid, signal.SIGKILL)


def cutting(world: World, sshd: Sshd, wanted: State) -> list[State]:
    """Cut the connection once, a moment after a deploy has reached a state."""
    done: list[State] = []

    def look() -> None:
        if world.site().state is wanted and not done:
            done.append(wanted)
            asyncio.get_running_loop().call_later(0.004, cut, sshd)

    world.site().listen(look)
    return done


async def eventually(world: World, name: str) -> Phase:
    """Return the phase of a resource when it has become good by itself."""
    kind, _, key = name.partition("/")
    await until(lambda: world.hub.resources.status(kind, key).phase is Phase.IN_SYNC)
    return world.hub.resources.status(kind, key).phase
