"""What browser tests ask for: a hub with a demo zone and visits that end clean."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.visits import Tab, Visit, watch
from tests.peers.hub import HubProcess

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext

STATIC = Path(__file__).parents[2] / "hub" / "api" / "static"
CONFIG = "hub:\n  name: Test house\nmqtt:\n  enabled: false\ndemo:\n  area: Workshop\n"


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

    async def opened(hub: HubProcess, **options: Any) -> Tab:
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
