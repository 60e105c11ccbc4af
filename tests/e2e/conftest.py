"""What browser tests ask for: a hub with a demo zone and visits that end clean."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.lab import TYPE, Lab, open_lab
from tests.e2e.visits import Place, Tab, Visit, watch
from tests.peers.house import House, MakeHouse
from tests.peers.hub import HubProcess, starter
from tests.peers.ports import free_port_number

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext

STATIC = Path(__file__).parents[2] / "hub" / "api" / "static"
CONFIG = "hub:\n  name: Test house\nmqtt:\n  enabled: false\ndemo:\n  area: Workshop\n"


@pytest.fixture(scope="session")
def owned(tmp_path_factory: pytest.TempPathFactory) -> HubProcess:
    """A hub that has its owner and is never started."""
    home = tmp_path_factory.mktemp("owned")
    process = HubProcess(home / "config", home / "data", free_port_number())
    process.init()
    return process


@pytest.fixture
def start_hub(
    tmp_path_factory: pytest.TempPathFactory, owned: HubProcess
) -> Iterator[Callable[..., HubProcess]]:
    """Return a function that starts a hub; all of them have the same owner."""
    with starter(tmp_path_factory, owned) as start:
        yield start


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, owned: HubProcess) -> Iterator[HubProcess]:
    """A hub like `demo`, for all tests of a file that leave it as they found it."""
    with starter(tmp_path_factory, owned) as start:
        yield start(CONFIG)


@pytest.fixture
def demo(start_hub: Callable[..., HubProcess]) -> HubProcess:
    """A hub with one virtual entity of each kind, an owner, and the built page."""
    return start_hub(CONFIG)


@pytest.fixture
async def visit(browser: "Browser") -> AsyncIterator[Visit]:
    """Return a function that opens a tab; at the end no tab may have had trouble."""
    if not (STATIC / "index.html").is_file():
        pytest.fail("the page is not built: make setup", pytrace=False)
    tabs: list[Tab] = []
    contexts: list[BrowserContext] = []

    async def opened(hub: Place, **options: Any) -> Tab:
        size = {"width": 1440, "height": 900}
        settings = {"viewport": size, "locale": "en-GB", **options}
        context = await browser.new_context(**settings)
        contexts.append(context)
        tab = await watch(hub, context)
        tabs.append(tab)
        return tab

    yield opened
    for context in contexts:
        await context.close()
    assert [tab.trouble for tab in tabs] == [[] for _ in tabs]


@dataclass
class Workshop:
    """A hub in the test's own loop, with a lab outside."""

    house: House
    lab: Lab

    @property
    def url(self) -> str:
        """Return the base address."""
        return self.house.url

    @property
    def headers(self) -> dict[str, str]:
        """Return the owner's authorisation header."""
        return {"Authorization": f"Bearer {self.house.token}"}

    async def put(self, key: str, **spec: Any) -> int:
        """Write a house and wait until it is live; returns its revision."""
        resources = self.house.hub.resources
        change = await resources.put(TYPE, key, {"name": key.title(), **spec})
        while resources.status(TYPE, key).observed_revision != change.revision:
            await asyncio.sleep(0.01)
        return change.revision


@pytest.fixture
async def workshop(make_house: MakeHouse, tmp_path: Path) -> Workshop:
    """A hub with resource types that write files, and an owner who can sign in."""
    house = await make_house("hub:\n  name: Test house\nmqtt:\n  enabled: false\n")
    return Workshop(house, open_lab(house, tmp_path / "outside"))
