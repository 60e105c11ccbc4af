"""Deploys to real nginx over real sshd on loopback, beside the bare steps on the same machine.

Run `python tests/benchmarks/bench_proxy.py [--servers 50] [--hosts 1000] [--json FILE]` as root;
prints JSON, times in milliseconds. `deploy`: one changed host on one server; `commands` is the sum
of all commands but the proof, `total` what a caller waits until the new release is proven, `bare`
as many commands that do nothing over raw asyncssh. `many`: a server with many hosts: rendering, the
upload of everything (`bare_untar`: the same files unpacked on this machine), the look that compares
every file (`bare_sha256sum`: the same files read on this machine), and one changed host. `fleet`:
servers (each a `host.server` and an nginx of its own) in waves of ten; `memory` is what this
process grew by, in MB.
"""

import argparse
import asyncio
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

sys.path.insert(0, str(Path(__file__).parents[2]))

import aiohttp
from aiohttp import web

from hub import bootstrap
from hub.resources import Phase
from integrations.proxy.deploying import candidates
from integrations.proxy.deploying.target import Target
from tests.integrations.proxy.conftest import World, forward
from tests.peers.house import House
from tests.peers.nginx import Backend, end, own_spec
from tests.peers.ports import free_port_number
from tests.peers.sshd import Account, Sshd, making_account, public_folder

CONFIG = "hub:\n  name: Bench\nmqtt:\n  enabled: false\n"


class Timed:
    """Adds up what the commands of a target take, by name."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.taken: dict[str, float] = {}
        self._before: dict[str, Callable[..., Any]] = {}

    def __enter__(self) -> Self:
        """Stand between the target and its runner."""
        for name in ("script", "nginx"):
            self._before[name] = getattr(Target, name)
            setattr(Target, name, self._around(name))
        return self

    def __exit__(self, *_: object) -> None:
        """Step back."""
        for name, method in self._before.items():
            setattr(Target, name, method)

    def _around(self, name: str) -> Callable[..., Any]:
        method = self._before[name]

        async def timed(target: Target, first: Any, *rest: Any, **options: Any) -> Any:
            begun = time.perf_counter()
            try:
                return await method(target, first, *rest, **options)
            finally:
                key = first if name == "script" else "nginx " + " ".join(map(str, first))[-12:]
                taken = (time.perf_counter() - begun) * 1000
                self.taken[key] = self.taken.get(key, 0.0) + taken

        return timed


async def start(folder: Path) -> World:
    """Start a hub in this process."""
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "hub.yaml").write_text(CONFIG)
    settings = bootstrap.load_settings(folder / "config")
    running = await bootstrap.start(settings, folder / "config", folder / "data", port=0)
    return World(House(running, "", "", aiohttp.ClientSession(), folder))


def run_bare(command: list[str]) -> None:
    """Run a program on this machine; nothing else is to happen meanwhile."""
    subprocess.run(command, check=True, capture_output=True)


def median(values: list[float]) -> float:
    """Return the median in milliseconds, rounded."""
    return round(statistics.median(values), 1)


async def deploy(world: World, backend: Backend, turns: int = 15) -> dict[str, Any]:
    """Change one host again and again."""
    totals, commands, each = [], [], dict[str, list[float]]()
    for turn in range(turns):
        headers = {"response": {"X-Turn": str(turn)}}
        spec = world.hub.resources.specs.normal(
            "proxy.host", "a", forward(backend, "a.test", headers=headers)
        )
        part = world.fleet.part_of("proxy.host", "a", turn + 1, spec)
        with Timed() as timed:
            begun = time.perf_counter()
            await world.site().bring({part.id: part})
            totals.append((time.perf_counter() - begun) * 1000)
        commands.append(sum(taken for name, taken in timed.taken.items() if name != "prove"))
        for name, taken in timed.taken.items():
            each.setdefault(name, []).append(taken)
    return {
        "commands": median(commands),
        "total": median(totals),
        "each": {name: median(values) for name, values in each.items()},
    }


async def bare(sshd: Sshd, world: World) -> dict[str, float]:
    """Do as many bare commands over raw asyncssh, and nginx's own two on this machine."""
    import asyncssh

    async with asyncssh.connect(
        sshd.host,
        sshd.port,
        username=sshd.account.name,
        client_keys=[asyncssh.import_private_key(sshd.client_key)],
        known_hosts=([asyncssh.import_public_key(sshd.host_key)], [], []),
        config=None,
        agent_path=None,
    ) as connection:
        seven = []
        for _ in range(30):
            begun = time.perf_counter()
            for _ in range(6):
                await connection.run("sh -c true", stdin=asyncssh.DEVNULL, encoding=None)
            seven.append((time.perf_counter() - begun) * 1000)
    base = world.bases["web"]
    command = ["/usr/sbin/nginx", "-p", str(base), "-c", str(base / "nginx.conf")]
    nginx = []
    for _ in range(10):
        begun = time.perf_counter()
        for what in (["-t", "-q"], ["-s", "reload"]):
            run_bare([*command, *what])
        nginx.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(0.3)
    return {"six_commands": median(seven), "nginx_test_and_reload": median(nginx)}


async def many(world: World, backend: Backend, count: int) -> dict[str, Any]:
    """Put many hosts on one server."""
    normal = world.hub.resources.specs.normal
    specs = {
        f"h{number:04}": normal(
            "proxy.host",
            f"h{number:04}",
            forward(backend, f"h{number}.test", block_exploits=True, allow_websocket_upgrade=True),
        )
        for number in range(count)
    }
    parts = {
        f"proxy.host/{key}": world.fleet.part_of("proxy.host", key, 1, spec)
        for key, spec in specs.items()
    }
    site = world.site()
    seen = await site.look(deep=True)
    own = {} if seen.manifest is None else dict(seen.manifest.parts)
    begun = time.perf_counter()
    candidates.build({**own, **parts}, {}, seen, hub_id="x", server="web")
    rendered = (time.perf_counter() - begun) * 1000
    with Timed() as timed:
        begun = time.perf_counter()
        await site.bring(parts)
        first = (time.perf_counter() - begun) * 1000
    looks = []
    for _ in range(5):
        begun = time.perf_counter()
        await site.look(deep=True)
        looks.append((time.perf_counter() - begun) * 1000)
    tree = str(world.bases["web"] / "current") + "/"
    local = []
    for _ in range(5):
        begun = time.perf_counter()
        run_bare(["find", tree, "-type", "f", "-exec", "sha256sum", "{}", "+"])
        local.append((time.perf_counter() - begun) * 1000)
    untar = []
    with tempfile.TemporaryDirectory(dir=world.bases["web"].parent) as scratch:
        archive = f"{scratch}/all.tar"
        run_bare(["tar", "-cf", archive, "-C", tree, "."])
        for number in range(3):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            begun = time.perf_counter()
            run_bare(["tar", "-xf", archive, "-C", str(folder)])
            run_bare(["sync", "-f", str(folder)])
            untar.append((time.perf_counter() - begun) * 1000)
    after = await deploy(world, backend, 5)
    return {
        "hosts": count,
        "rendered_and_packed_ids": round(rendered, 1),
        "upload": round(timed.taken["stage"], 1),
        "bare_untar": median(untar),
        "first_deploy": round(first, 1),
        "first_each": {name: round(taken, 1) for name, taken in timed.taken.items()},
        "drift_check": median(looks),
        "bare_sha256sum": median(local),
        "one_changed": after,
    }


def resident() -> float:
    """Return the memory of this process in MB."""
    text = Path("/proc/self/statm").read_text().split()[1]
    return int(text) * 4096 / 1e6


async def fleet(world: World, sshd: Sshd, folder: Path, backend: Backend, count: int) -> Any:
    """Deploy to many servers in waves of ten."""
    idle = resident()
    keys = [f"s{number:02}" for number in range(count)]
    begun = time.perf_counter()
    for key in keys:
        await world.add_host(sshd, key)
        spec = {**own_spec(folder / key), "server": key}
        world.bases[key] = folder / key
        world.ports[key] = {"http_port": int(str(spec["http_port"]))}
        await world.put(f"proxy.server/{key}", **spec)
    for key in keys:
        status = await world.settled(f"proxy.server/{key}")
        if status.phase is not Phase.IN_SYNC:
            raise RuntimeError(f"{key}: {status.message}")
    installed = time.perf_counter() - begun
    await world.good("proxy.group/all", servers=keys, canary=1, wave=10)
    taken = []
    for turn in range(3):
        headers = {"response": {"X-Turn": str(turn)}}
        spec = forward(backend, "f.test", servers=[], group="all", headers=headers)
        begun = time.perf_counter()
        status = await world.good("proxy.host/f", **spec)
        taken.append(time.perf_counter() - begun)
    answers = [(await world.get("f.test", server=key)).headers.get("X-Turn") for key in keys]
    await asyncio.sleep(3)
    return {
        "servers": count,
        "installed_seconds": round(installed, 2),
        "rollout_seconds": [round(value, 2) for value in taken],
        "phase": status.phase.value,
        "serving_the_newest": answers.count("2"),
        "logins": sshd.count("Accepted publickey"),
        "throttled": sshd.count("MaxStartups throttling") + sshd.count("drop connection"),
        "memory": round(resident() - idle, 1),
    }


async def run(options: argparse.Namespace, account: Account) -> dict[str, Any]:
    """Measure everything."""
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    place = public_folder("hub-proxy-")
    shutil.chown(place, account.name, account.name)
    sshd = Sshd(public_folder("hub-sshd-"), free_port_number(), account)
    world = await start(folder)
    backend = Backend("site", 0)

    async def handle(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="site\n")

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    backend.port = runner.addresses[0][1]
    found: dict[str, Any] = {"python": platform.python_version()}
    try:
        sshd.start()
        await world.add_host(sshd)
        await world.add_own(place / "web")
        found["deploy"] = await deploy(world, backend)
        found["bare"] = await bare(sshd, world)
        found["many"] = await many(world, backend, options.hosts)
        sshd.stop()
        other = Sshd(
            public_folder("hub-sshd-"), free_port_number(), account, ("MaxStartups 8:100:8",)
        )
        other.start()
        try:
            found["fleet"] = await fleet(world, other, place, backend, options.servers)
        finally:
            other.stop()
            shutil.rmtree(other.folder)
    finally:
        await world.house.stop()
        await runner.cleanup()
        sshd.stop()
        for pid_file in place.rglob("nginx.pid"):
            end(pid_file)
        for path in (folder, place, sshd.folder):
            shutil.rmtree(path, ignore_errors=True)
    return found


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--servers", type=int, default=50)
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with making_account() as account:
        found = asyncio.run(run(options, account))
    text = json.dumps(found, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
