"""The announcement: found by a real browser in a network of the test's own, and withdrawn."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.api.zeroconf import instance_name
from tests.peers.house import House
from tests.peers.ports import require

SCRIPT = Path(__file__).with_name("zeroconf_script.py")


@pytest.fixture
def namespace() -> Iterator[str]:
    """A network namespace with one interface that can multicast, and no way out."""
    tool = require("ip", "apt-get install iproute2")
    if os.geteuid() != 0:
        pytest.fail("making a network namespace needs root: run the tests as root")
    name = f"hub-{uuid.uuid4().hex[:8]}"

    def run(*arguments: str) -> None:
        subprocess.run([tool, *arguments], check=True, capture_output=True)

    run("netns", "add", name)
    try:
        run("-n", name, "link", "set", "lo", "up")
        run("-n", name, "link", "add", "one", "type", "veth", "peer", "name", "two")
        for link, address in (("one", "10.99.0.1/24"), ("two", "10.99.0.2/24")):
            run("-n", name, "address", "add", address, "dev", link)
            run("-n", name, "link", "set", link, "up")
        yield name
    finally:
        run("netns", "delete", name)


def inside(namespace: str, folder: Path, host: str) -> dict[str, object]:
    """Run the hub and a browser inside the namespace and return what was seen."""
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, sys.executable, str(SCRIPT), str(folder), host],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_hub_on_the_network_is_found_and_leaves(namespace: str, tmp_path: Path) -> None:
    seen = inside(namespace, tmp_path, "0.0.0.0")  # noqa: S104 - in its own network
    assert seen["name"] == "My house v 2._home-assistant._tcp.local."
    assert seen["removed"] is True
    assert set(seen["addresses"]) == {"10.99.0.1", "10.99.0.2"}
    properties = seen["properties"]
    assert set(properties) == {
        "location_name",
        "uuid",
        "version",
        "internal_url",
        "external_url",
        "base_url",
        "requires_api_password",
    }
    assert properties["location_name"] == "My house v.2"
    assert properties["uuid"] == seen["hub_id"]
    assert seen["server"] == f"{seen['hub_id']}.local."
    assert properties["internal_url"] == f"http://10.99.0.1:{seen['port']}"
    assert properties["base_url"] == properties["internal_url"]
    assert properties["external_url"] == ""
    assert properties["requires_api_password"] == "True"


def test_a_hub_on_one_address_tells_only_that(namespace: str, tmp_path: Path) -> None:
    seen = inside(namespace, tmp_path, "10.99.0.1")
    assert seen["addresses"] == ["10.99.0.1"]


async def test_a_hub_on_loopback_tells_nobody(house: House) -> None:
    assert house.running.api._announcement is None
    assert "hub.api.zeroconf" not in _modules_after_import()


def _modules_after_import() -> str:
    """Return the modules that importing the API loads."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys, hub.api.app; print(*sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert " zeroconf" not in done.stdout
    return done.stdout


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Home", "Home"),
        ("a.b", "a b"),
        ("", "Hub"),
        ("...", "Hub"),
        ("ä" * 40, "ä" * 31),
        ("x" * 70, "x" * 63),
    ],
)
def test_the_instance_name_is_one_label(name: str, label: str) -> None:
    assert instance_name(name) == label
    assert len(instance_name(name).encode()) <= 63
