"""Commands over the SSH pool beside raw asyncssh, in the same run, on a real sshd on loopback.

Run `python tests/benchmarks/bench_runner.py [--commands 300] [--hosts 200] [--json FILE]` as root;
prints JSON. The user's shell is /bin/sh. `command` compares medians, taken in turn: `builtin` is
`true` in the shell, `program` is /bin/true, `same_line` is the very line that the runner sends,
with its time limit on the host; each once with raw asyncssh and once through the pool (`pool_...`;
`runner` is the pool, the checks, the transcript and the limit). `throughput` runs 400 commands at
once for each number of slots.
`fleet` looks at many servers, on a few sshd that drop more than 8 unauthenticated connections:
`memory_per_connection` is the growth of this process, the kept connections idle.
"""

import argparse
import asyncio
import gc
import json
import os
import platform
import shutil
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import asyncssh

from hub.runner import Limits, Runners, Server
from hub.util.clock import SystemClock
from hub.util.tasks import Tasks
from tests.peers.ports import free_port_number
from tests.peers.sshd import Account, Sshd, making_account, public_folder

LINE = "exec timeout -k 5 30 true"


class Everything:
    """A list of programs that holds every one."""

    def __contains__(self, name: object) -> bool:
        return True


def server_of(sshd: Sshd, key: str = "web") -> Server:
    """Return how the account gets in."""
    return Server(
        key,
        sshd.host,
        sshd.account.name,
        sshd.port,
        private_key=sshd.client_key,
        host_keys=(sshd.host_key,),
    )


async def with_runners(
    work: Callable[[Runners], Awaitable[dict[str, Any]]], **limits: Any
) -> dict[str, Any]:
    """Do work with runners of its own."""
    tasks = Tasks()
    runners = Runners(
        SystemClock(),
        tasks,
        limits=replace(Limits(), **limits),
        commands=lambda _: Everything(),  # type: ignore[arg-type,return-value]
    )
    try:
        return await work(runners)
    finally:
        await runners.close()
        await tasks.close()


async def raw(sshd: Sshd) -> asyncssh.SSHClientConnection:
    """Connect with nothing of the hub's."""
    return await asyncssh.connect(
        sshd.host,
        sshd.port,
        username=sshd.account.name,
        client_keys=[asyncssh.import_private_key(sshd.client_key)],
        known_hosts=([asyncssh.import_public_key(sshd.host_key)], [], []),
        config=None,
        agent_path=None,
    )


async def pooled(runners: Runners, line: str) -> None:
    """Run a line through the pool, without what the runner puts around it."""
    reply = await runners._pool.line("web").use(
        lambda link: link.execute(line, None, 30.0, 1 << 20)
    )
    assert reply.status == 0


async def command(sshd: Sshd, count: int) -> dict[str, Any]:
    """Compare the median of one command at a time."""

    async def work(runners: Runners) -> dict[str, Any]:
        runners.put(server_of(sshd))
        web = runners.host("web", "bench")

        async def bare(line: str) -> None:
            done = await connection.run(line, stdin=asyncssh.DEVNULL, encoding=None)
            assert done.exit_status == 0

        async def runner() -> None:
            assert (await web.run(["true"])).ok

        kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "builtin": lambda: bare("true"),
            "pool_builtin": lambda: pooled(runners, "true"),
            "program": lambda: bare("/bin/true"),
            "pool_program": lambda: pooled(runners, "/bin/true"),
            "same_line": lambda: bare(LINE),
            "runner": runner,
        }
        times: dict[str, list[float]] = {name: [] for name in kinds}
        async with await raw(sshd) as connection:
            for turn in range(count + 10):
                for name, once in kinds.items():
                    begun = time.perf_counter()
                    await once()
                    if turn >= 10:
                        times[name].append(time.perf_counter() - begun)
        medians = {name: statistics.median(taken) * 1000 for name, taken in times.items()}
        pairs = (
            ("pool_builtin", "builtin"),
            ("pool_program", "program"),
            ("runner", "same_line"),
            ("runner", "program"),
            ("runner", "builtin"),
        )
        ratios = {
            f"{ours}_to_{theirs}": round(medians[ours] / medians[theirs], 3)
            for ours, theirs in pairs
        }
        return {"median_ms": {name: round(ms, 3) for name, ms in medians.items()}, **ratios}

    return await with_runners(work)


async def throughput(sshd: Sshd, slots: int, count: int = 400) -> dict[str, Any]:
    """Run many at once."""

    async def work(runners: Runners) -> dict[str, Any]:
        runners.put(server_of(sshd))
        web = runners.host("web", "bench")
        await web.run(["true"])
        begun = time.perf_counter()
        outcomes = await asyncio.gather(*(web.run(["true"]) for _ in range(count)))
        took = time.perf_counter() - begun
        begun = time.perf_counter()
        await asyncio.gather(*(pooled(runners, "true") for _ in range(count)))
        took_builtin = time.perf_counter() - begun
        slots_free = asyncio.Semaphore(slots)

        async def bare(line: str) -> None:
            async with slots_free:
                await connection.run(line, stdin=asyncssh.DEVNULL, encoding=None)

        beside = {}
        async with await raw(sshd) as connection:
            for name, line in (("builtin", "true"), ("same_line", LINE)):
                began = time.perf_counter()
                await asyncio.gather(*(bare(line) for _ in range(count)))
                beside[name] = round(count / (time.perf_counter() - began))
        return {
            "runner_per_second": round(count / took),
            "pool_builtin_per_second": round(count / took_builtin),
            "raw_per_second": beside,
            "failed": sum(not outcome.ok for outcome in outcomes),
            "channel_retries": runners.snapshot()["host.server/web"]["channel_retries"],
        }

    return await with_runners(work, slots=slots)


async def burst(sshd: Sshd, count: int = 50) -> dict[str, Any]:
    """Run fifty at once on a new connection, default limits."""

    async def work(runners: Runners) -> dict[str, Any]:
        runners.put(server_of(sshd))
        web = runners.host("web", "bench")
        begun = time.perf_counter()
        outcomes = await asyncio.gather(*(web.run(["true"]) for _ in range(count)))
        return {
            "at_once": count,
            "failed": sum(not outcome.ok for outcome in outcomes),
            "seconds": round(time.perf_counter() - begun, 3),
            "connects": runners.snapshot()["host.server/web"]["connects"],
        }

    return await with_runners(work)


async def fleet(servers: list[Sshd], count: int) -> dict[str, Any]:
    """Look at many servers, twice: connecting, and over what is connected."""

    async def work(runners: Runners) -> dict[str, Any]:
        for number in range(count):
            runners.put(server_of(servers[number % len(servers)], f"web{number}"))
        hosts = [runners.host(f"web{number}", "bench") for number in range(count)]
        await hosts[0].facts()
        gc.collect()
        before = resident()
        begun = time.perf_counter()
        await asyncio.gather(*(host.facts() for host in hosts))
        connected = time.perf_counter()
        await asyncio.gather(*(host.facts() for host in hosts))
        polled = time.perf_counter()
        gc.collect()
        counted = runners.snapshot().values()
        return {
            "hosts": count,
            "sshd": len(servers),
            "first_poll_seconds": round(connected - begun, 2),
            "next_poll_seconds": round(polled - connected, 2),
            "connects": sum(item["connects"] for item in counted),
            "failed": sum(item["connect_failures"] for item in counted),
            "memory_per_connection_mb": round((resident() - before) / (count - 1) / 2**20, 3),
        }

    return await with_runners(work)


def resident() -> int:
    """Return this process's memory in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=300)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("needs root: it makes a user for sshd")
    with making_account() as account:
        result = measure(account, options.commands, options.hosts)
    text = json.dumps(result, indent=2)
    print(text)
    if options.json is not None:
        options.json.write_text(text + "\n")


def measure(account: Account, commands: int, hosts: int) -> dict[str, Any]:
    """Start the servers and run every part on an event loop of its own."""
    strict = ("MaxStartups 8:100:8",)
    servers = [
        Sshd(public_folder("hub-bench-"), free_port_number(), account, extra)
        for extra in ((), strict, strict)
    ]
    for server in servers:
        server.start()
    try:
        # first, while this process has no room left over from the other parts
        many = asyncio.run(fleet(servers[1:], hosts))
        return {
            "python": platform.python_version(),
            "asyncssh": asyncssh.__version__,
            "load": [round(value, 2) for value in os.getloadavg()],
            "fleet": many,
            "command": asyncio.run(command(servers[0], commands)),
            "throughput": {
                str(slots): asyncio.run(throughput(servers[0], slots)) for slots in (4, 5, 6)
            },
            "burst": asyncio.run(burst(servers[0])),
        }
    finally:
        for server in servers:
            server.stop()
            shutil.rmtree(server.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
