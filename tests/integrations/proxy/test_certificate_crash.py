"""`kill -9` while a certificate is got: nothing is lost, nothing is ordered twice."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integrations.proxy.conftest import CONFIG, World, forward
from tests.integrations.proxy.test_certificate import acme, in_sync, served
from tests.peers.house import MakeHouse
from tests.peers.nginx import Backend
from tests.peers.pebble import Pebble

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("step", ["order", "issued", "deploy", "deployed"])
async def test_what_was_asked_for_is_not_asked_for_again(
    world: World,
    backend: Backend,
    make_house: MakeHouse,
    start_pebble: Callable[..., Pebble],
    step: str,
) -> None:
    pebble = start_pebble(world.ports["web"]["http_port"])
    spec = acme(pebble, "a.test")
    await world.good("proxy.host/blog", **forward(backend, "a.test"))
    await world.house.stop()

    def crash() -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "tests.integrations.proxy.crashing_certificate"]
        places = [str(world.house.folder / name) for name in ("config", "data")]
        host = forward(backend, "a.test", certificate_id="site")
        return subprocess.run(
            [*program, *places, step, json.dumps(spec), json.dumps(host)],
            capture_output=True, text=True, cwd=ROOT, env=os.environ, check=False,
        )  # fmt: skip

    ended = await asyncio.to_thread(crash)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    again = World(await make_house(CONFIG, after=world.house), world.ports, world.bases)
    facts = await in_sync(again)
    while (await again.fleet.pairs.record("site")).proved != 1:
        await asyncio.sleep(0.02)
    assert facts["version"] == 1
    assert pebble.orders() == 1
    assert await served(again, "a.test", pebble.root) == facts["serial"]
