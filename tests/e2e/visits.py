"""A visit to the page: signing in, and a record of everything that must not happen."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tests.peers.hub import OWNER, PASSWORD

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Route

WATCH_POLICY = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`content policy: ${event.violatedDirective} ${event.blockedURI}`));
"""


class Place(Protocol):
    """A hub that a browser can visit: a process of its own, or one in the test's loop."""

    @property
    def url(self) -> str:
        """Base address, without a slash at the end."""

    @property
    def headers(self) -> dict[str, str]:
        """The authorisation header of the owner's token."""


@dataclass
class Tab:
    """One tab on one hub, and what went wrong in it."""

    hub: Place
    page: "Page"
    trouble: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    async def open(self, path: str = "/") -> None:
        """Load an address of the page."""
        await self.page.goto(self.hub.url + path)

    async def sign_in(
        self, path: str = "/", user: str = OWNER, password: str = PASSWORD, *, stay: bool = False
    ) -> None:
        """Load an address and sign in through the form."""
        await self.open(path)
        await self.page.locator("[name=username]").fill(user)
        await self.page.locator("[name=password]").fill(password)
        if stay:
            await self.page.locator("[name=stay]").check()
        await self.page.keyboard.press("Enter")
        await self.page.locator("hub-app main").wait_for()

    def forgive(self) -> None:
        """Forget the trouble so far: a test that causes some says so."""
        self.trouble.clear()


Visit = Callable[..., Awaitable[Tab]]


async def watch(hub: Place, context: "BrowserContext") -> Tab:
    """Open a tab whose console, requests and policy breaches are recorded."""
    await context.add_init_script(WATCH_POLICY)
    page = await context.new_page()
    tab = Tab(hub, page)

    def note_console(message: "ConsoleMessage") -> None:
        if message.type in ("error", "warning"):
            tab.trouble.append(message.text)

    def note_request(request: "Request") -> None:
        if not request.url.startswith("data:"):
            tab.requests.append(request.url)

    def note_failure(request: "Request") -> None:
        if request.failure != "net::ERR_ABORTED":  # leaving a page ends its requests
            tab.trouble.append(f"{request.failure}: {request.url}")

    async def keep_out(route: "Route") -> None:
        tab.trouble.append(f"request to another host: {route.request.url}")
        await route.abort()

    def foreign(url: str) -> bool:
        return not url.startswith((hub.url, "data:", hub.url.replace("http", "ws", 1)))

    page.on("console", note_console)
    page.on("pageerror", lambda error: tab.trouble.append(str(error)))
    page.on("request", note_request)
    page.on("requestfailed", note_failure)
    await context.route(foreign, keep_out)
    return tab


async def state_of(tab: Tab, entity_id: str) -> Any:
    """Return an entity as the hub's REST API tells it."""
    answer = await tab.page.request.get(
        f"{tab.hub.url}/api/states/{entity_id}", headers=tab.hub.headers
    )
    return await answer.json()


async def states_of(tab: Tab) -> list[Any]:
    """Return every entity as the hub's REST API tells it."""
    answer = await tab.page.request.get(f"{tab.hub.url}/api/states", headers=tab.hub.headers)
    found: list[Any] = await answer.json()
    return found
