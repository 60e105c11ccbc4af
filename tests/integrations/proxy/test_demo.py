"""The demo's site: its own files, a real hub, an nginx that answers through it."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from tests.peers.hub import HubProcess
from tests.peers.nginx import end
from tests.peers.ports import free_port_number, wait_for, wait_for_port

DEMO = Path(__file__).parents[3] / "config" / "demo"


@pytest.fixture
def ports() -> dict[str, str]:
    """What `config/demo/run` hands on, with free ports."""
    names = ("", "_TLS", "_STATUS")
    found = {f"HUB_DEMO_SITE{name}_PORT": str(free_port_number()) for name in names}
    return {**found, "HUB_DEMO_SITE_BACKEND": str(free_port_number())}


@pytest.fixture
def site(ports: dict[str, str]) -> Iterator[None]:
    """The web server that the proxy stands in front of."""
    port = ports["HUB_DEMO_SITE_BACKEND"]
    process = subprocess.Popen([sys.executable, str(DEMO / "site.py"), port])
    wait_for_port(int(port), alive=lambda: process.poll() is None)
    yield
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture
def hub(
    start_hub: Callable[..., HubProcess], ports: dict[str, str], site: None, tmp_path: Path
) -> Iterator[HubProcess]:
    """A hub with the demo's site among its resources."""
    base = tmp_path / "nginx"
    resources = (DEMO / "resources" / "site.yaml").read_text()
    yield start_hub(resources=resources, **ports, HUB_DEMO_SITE=str(base))
    with contextlib.suppress(FileNotFoundError):
        end(base / "run" / "nginx.pid")


def page(ports: dict[str, str], domain: str) -> tuple[int, str]:
    """Ask nginx for a page; 0 = nobody answers."""
    url = f"http://127.0.0.1:{ports['HUB_DEMO_SITE_PORT']}/"
    try:
        with urlopen(Request(url, headers={"Host": domain}), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, ""
    except (URLError, OSError):
        return 0, ""


def test_the_demo_deploys_a_site_that_answers(hub: HubProcess, ports: dict[str, str]) -> None:
    wait_for(lambda: page(ports, "demo.localhost")[0] == 200, "the site to answer", timeout=30)
    status, text = page(ports, "demo.localhost")
    assert (status, "It works" in text) == (200, True)
    assert f"port {ports['HUB_DEMO_SITE_BACKEND']}" in text
    assert page(ports, "other.localhost")[0] != 200


def test_a_saved_change_and_a_saved_mistake(hub: HubProcess, ports: dict[str, str]) -> None:
    wait_for(lambda: page(ports, "demo.localhost")[0] == 200, "the site to answer", timeout=30)
    file = hub.config / "resources" / "test.yaml"
    first = file.read_text()
    file.write_text(first.replace("[demo.localhost]", "[demo.localhost, two.localhost]"))
    wait_for(lambda: page(ports, "two.localhost")[0] == 200, "the change", timeout=30)
    file.write_text(first + '  advanced_config: "nonsense on;"\n')
    wait_for(lambda: 'unknown directive "nonsense"' in hub.log, "the refusal", timeout=30)
    assert "advanced_config" in hub.log
    assert page(ports, "two.localhost")[0] == 200, "what was there goes on"
    current = Path(hub.environment["HUB_DEMO_SITE"]) / "current"
    assert str(current.readlink()).startswith("releases/")
