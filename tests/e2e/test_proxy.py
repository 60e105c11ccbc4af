"""Reverse proxies in the page: the hub deploys to a real nginx, and sites answer through it."""

import asyncio
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from playwright.async_api import expect

from hub.auth import Role
from tests.e2e.conftest import Workshop
from tests.e2e.test_looks import AXE, LOADING, violations
from tests.e2e.test_users import PASSWORD as USERS_PASSWORD
from tests.e2e.test_users import add
from tests.e2e.visits import Place, Tab, Visit
from tests.peers.hub import PASSWORD, HubProcess
from tests.peers.nginx import Backend, StartBackend, end, own_spec
from tests.peers.ports import free_port_number, require
from tests.peers.sshd import public_folder

if TYPE_CHECKING:
    from playwright.async_api import Locator

pytestmark = pytest.mark.timeout(240)

CONFIG = "hub:\n  name: Proxy house\nmqtt:\n  enabled: false\n"
REFUSED = "an answer of nginx without the site"


@dataclass
class Edge:
    """A hub with one nginx of its own on this machine."""

    hub: Place
    folder: Path
    spec: dict[str, Any]

    @property
    def base(self) -> Path:
        """The folder that the hub deploys into."""
        return Path(self.spec["base"])

    @property
    def site_file(self) -> Path:
        """The configuration of the host `blog` that is in force."""
        return self.base / "current" / "http" / "host-blog.conf"

    async def put(self, id: str, **spec: Any) -> None:
        """Write a resource and wait until it is live."""
        async with aiohttp.ClientSession(headers=self.hub.headers) as session:
            address = f"{self.hub.url}/api/resources/{id}"
            async with session.put(address, json=spec) as answer:
                assert answer.status in (200, 201), await answer.text()
                revision = (await answer.json())["revision"]
            while True:
                async with session.get(address) as answer:
                    status = (await answer.json())["status"]
                if status["phase"] == "in_sync" and status["observed_revision"] == revision:
                    return
                assert status["phase"] != "failed", status["message"]
                await asyncio.sleep(0.05)

    async def with_blog(self, backend: Backend, **more: Any) -> None:
        """Deploy a server and the host `blog`."""
        await self.put("proxy.server/edge", name="Edge", **self.spec)
        await self.put(
            "proxy.host/blog", domain_names=["blog.test"], servers=["edge"],
            **{"forward_host": "127.0.0.1", "forward_port": backend.port, **more},
        )  # fmt: skip

    async def ask(self, name: str = "blog.test") -> str:
        """Ask nginx as a visitor; returns what it says, or `REFUSED` for no such site."""
        status, text = await self.visit(name)
        return text if status == 200 else REFUSED

    async def visit(self, name: str = "blog.test") -> tuple[int, str]:
        """Ask nginx as a visitor; returns status and text, 0 when it closes the connection."""
        address = f"http://127.0.0.1:{self.spec['http_port']}/"
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            try:
                async with session.get(address, headers={"Host": name}) as answer:
                    return answer.status, await answer.text()
            except aiohttp.ClientError:
                return 0, ""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for an nginx that is ended with the test."""
    require("nginx", "apt-get install -y nginx-light")
    made = public_folder("hub-page-")
    try:
        yield made
    finally:
        for pid_file in made.rglob("nginx.pid"):
            end(pid_file)
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def edge(start_hub: Callable[..., HubProcess], folder: Path) -> Edge:
    """A hub in a process of its own."""
    return Edge(start_hub(CONFIG), folder, own_spec(folder / "base"))


@pytest.fixture
async def site(start_backend: StartBackend) -> Backend:
    """The web server behind the proxy."""
    return await start_backend("site")


async def arrive(
    visit: Visit,
    edge: Edge,
    path: str = "/proxies",
    user: str = "owner",
    password: str = PASSWORD,
    **options: Any,
) -> Tab:
    """Sign in at a page of the hub."""
    tab = await visit(edge.hub, **options)
    await tab.sign_in(path, user=user, password=password, stay=True)
    return tab


def row(tab: Tab, name: str = "blog.test") -> "Locator":
    """Return the row of a host."""
    return tab.page.get_by_role("row").filter(has_text=name)


async def apply(tab: Tab) -> None:
    """Review what is in the form, and apply it."""
    await tab.page.get_by_role("button", name="Review").click()
    await tab.page.get_by_role("button", name="Apply", exact=True).click()


async def test_a_server_and_a_host_are_made_and_the_site_answers(
    edge: Edge, site: Backend, visit: Visit
) -> None:
    tab = await arrive(visit, edge, "/")
    page = tab.page
    await page.get_by_role("link", name="Proxies").click()
    await expect(page.get_by_text("Add a server first")).to_be_visible()
    await expect(page.get_by_role("link", name="New host")).to_be_hidden()

    await page.locator("hub-proxy-hosts").get_by_role("link", name="Add a server").click()
    await page.get_by_label("Key").fill("edge")
    await page.get_by_label("Name", exact=True).fill("Edge")
    await page.get_by_label("Instance").select_option('"own"')
    await page.get_by_label("Base").fill(str(edge.base))
    await page.get_by_label("HTTP port").fill(str(edge.spec["http_port"]))
    await page.get_by_label("HTTPS port").fill(str(edge.spec["https_port"]))
    await expect(page.get_by_label("Status port")).to_be_hidden()
    await page.get_by_text("Further settings").click()
    await page.get_by_label("Status port").fill(str(edge.spec["status_port"]))
    await apply(tab)
    await expect(page.get_by_text("Revision 1 is live.")).to_be_visible(timeout=30_000)

    await page.get_by_role("link", name="Proxies").click()
    await expect(page.get_by_text("There are no hosts yet")).to_be_visible()
    await page.locator("header, .top").get_by_role("link", name="New host").click()
    await expect(page.get_by_label("Servers 1", exact=True)).to_have_value("edge")
    await page.get_by_label("Key").fill("blog")
    await page.get_by_label("Domain names 1", exact=True).fill("blog.test")
    await page.get_by_label("Forward host").fill("127.0.0.1")
    await page.get_by_label("Forward port").fill(str(site.port))
    await page.get_by_role("button", name="Review").click()
    text = page.get_by_role("region", name="http/host-blog.conf")
    await expect(text.locator(".add").filter(has_text="server_name blog.test;")).to_be_visible()
    await expect(page.get_by_text("nginx takes it")).to_be_visible()
    assert not edge.site_file.exists()
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.get_by_text("Revision 1 is live.")).to_be_visible()
    assert await edge.ask() == "site /\n"

    await page.get_by_role("link", name="Proxies").click()
    await expect(row(tab)).to_contain_text("In sync")
    await expect(row(tab)).to_contain_text(f"http://127.0.0.1:{site.port}")
    await expect(row(tab).get_by_role("link", name="Edge")).to_be_visible()
    link = row(tab).locator("a[target=_blank]")
    await expect(link).to_have_attribute("href", f"http://blog.test:{edge.spec['http_port']}")


async def test_a_mistake_is_named_with_its_field_and_the_old_site_goes_on(
    edge: Edge, site: Backend, visit: Visit
) -> None:
    await edge.with_blog(site)
    served = edge.site_file.read_text()
    tab = await arrive(visit, edge, "/resources/proxy.host/blog?tab=configuration")
    page = tab.page
    await page.get_by_text("Further settings").click()
    await page.get_by_label("Advanced config").fill("proxy_bufferings off;")
    await page.get_by_role("button", name="Review").click()
    flaw = page.locator("hub-proxy-rehearsal .flaws")
    await expect(flaw).to_have_text(re.compile('advanced_config: .*"proxy_bufferings"'))
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.locator("hub-following .note")).to_contain_text("advanced_config")
    assert edge.site_file.read_text() == served
    assert await edge.ask() == "site /\n"

    await page.get_by_role("link", name="Proxies").click()
    await expect(row(tab)).to_contain_text("Failed")
    await expect(row(tab)).to_contain_text("advanced_config")
    await page.get_by_role("link", name="Deploy one change").click()
    await expect(page.get_by_text("Refused")).to_be_visible()
    await expect(page.locator("hub-proxy-rehearsal .field")).to_have_text("advanced_config")
    await expect(page.locator(".text .add")).to_have_text(re.compile("proxy_bufferings off;"))
    deploy = page.locator("hub-proxy-deploy").get_by_role("button", name="Deploy")
    await expect(deploy).to_be_disabled()
    await expect(page.get_by_text("mend what is named above first")).to_be_visible()

    await tab.open("/resources/proxy.host/blog?tab=configuration")
    await page.get_by_text("Further settings").click()
    await page.get_by_label("Advanced config").fill("proxy_buffering off;")
    await apply(tab)
    await expect(page.get_by_text("Revision 3 is live.")).to_be_visible()
    assert "proxy_buffering off;" in edge.site_file.read_text()
    assert await edge.ask() == "site /\n"


async def test_what_was_changed_by_hand_is_shown_and_overwritten_or_adopted(
    edge: Edge, site: Backend, visit: Visit
) -> None:
    await edge.with_blog(site)
    deployed = edge.site_file.read_text()
    edge.site_file.write_text(f"{deployed}# by hand\n")
    extra = edge.site_file.with_name("zz-mine.conf")
    extra.write_text("# mine\n")
    tab = await arrive(visit, edge, "/proxies/servers/edge")
    page = tab.page
    await page.get_by_role("button", name="Check now").click()
    drift = page.get_by_role("region", name="Changed by hand")
    await expect(drift.locator("li")).to_have_count(2)
    await expect(drift).to_contain_text(re.compile(r"http/host-blog\.conf.*changed", re.DOTALL))
    await expect(drift).to_contain_text(re.compile(r"http/zz-mine\.conf.*added", re.DOTALL))
    await drift.locator("summary").filter(has_text="host-blog.conf").click()
    text = drift.get_by_role("region", name="http/host-blog.conf")
    await expect(text.locator(".add")).to_have_text(re.compile("# by hand"))
    await expect(text.locator(".remove")).to_have_count(0)
    await expect(text.locator(".same")).to_have_count(3)
    edge.site_file.write_text(f"{deployed}# by another hand\n")
    await page.get_by_role("button", name="Check now").click()
    await expect(text.locator(".add")).to_have_text(re.compile("# by another hand"))
    await page.locator(".tabs").get_by_role("link", name="Hosts").click()
    await expect(row(tab)).to_contain_text("Changed by hand")
    await page.locator(".tabs").get_by_role("link", name="Servers").click()
    await expect(row(tab, "Edge")).to_contain_text("Changed by hand")

    await row(tab, "Edge").get_by_role("link", name="Edge", exact=True).click()
    await drift.get_by_role("button", name="Overwrite").click()
    await expect(page.locator("hub-job .badge")).to_have_text("Done")
    await expect(page.get_by_text("Every file is as it was deployed.")).to_be_visible()
    assert edge.site_file.read_text() == deployed
    assert not extra.exists()

    edge.site_file.write_text(f"{edge.site_file.read_text()}# kept\n")
    await page.get_by_role("button", name="Check now").click()
    await drift.get_by_role("button", name="Adopt").click()
    await expect(page.locator("hub-job .badge")).to_have_text("Done")
    await expect(page.get_by_text("Every file is as it was deployed.")).to_be_visible()
    assert edge.site_file.read_text().endswith("# kept\n")


async def test_a_server_is_rolled_back_and_the_host_deployed_again(
    edge: Edge, site: Backend, visit: Visit
) -> None:
    await edge.with_blog(site)
    newest = (edge.base / "current").readlink().name
    tab = await arrive(visit, edge, "/proxies/servers/edge")
    page = tab.page
    releases = page.get_by_role("region", name="Kept releases")
    await expect(releases.locator("li").first).to_contain_text(newest)
    await expect(releases.locator("li").first).to_contain_text("in force")
    await releases.get_by_role("button").first.click()
    await page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    await expect(page.locator("hub-job .badge")).to_have_text("Done")
    await expect(page.locator("hub-job .log")).to_contain_text("Asking nginx")
    assert (edge.base / "current").readlink().name != newest
    assert await edge.ask() == REFUSED
    await expect(releases.locator("li").first.get_by_role("button")).to_be_visible()

    await page.locator(".tabs").get_by_role("link", name="Hosts").click()
    await expect(row(tab)).to_contain_text("Drifted")
    await row(tab).get_by_role("link", name="Deploy").click()
    await expect(page.locator(".text .add").first).to_contain_text("# proxy.host/blog")
    await page.locator("hub-proxy-deploy").get_by_role("button", name="Deploy").click()
    await expect(page.get_by_role("heading", name="blog.test")).to_be_focused()
    await expect(page.locator("hub-following .badge").first).to_have_text("Applied")
    await expect(page.locator("hub-job .log")).to_contain_text("nginx tests the candidate")
    assert await edge.ask() == "site /\n"
    await page.get_by_role("link", name="To the hosts").click()
    await expect(row(tab)).to_contain_text("In sync")


async def test_a_host_is_switched_off_and_on(edge: Edge, site: Backend, visit: Visit) -> None:
    await edge.with_blog(site)
    tab = await arrive(visit, edge)
    switch = row(tab).get_by_role("switch", name="blog.test is on")
    await expect(switch).to_be_checked()
    await switch.click()
    await expect(switch).not_to_be_checked()
    await expect(row(tab)).to_contain_text("Off")
    await expect(row(tab)).to_contain_text("In sync")
    while await edge.ask() != REFUSED:  # the badge may still be that of before
        await asyncio.sleep(0.05)
    await switch.focus()
    await tab.page.keyboard.press("Space")
    await expect(switch).to_be_checked()
    await expect(row(tab).get_by_text("In sync")).to_be_visible()
    await tab.page.get_by_role("searchbox").fill("site.example")
    await expect(tab.page.get_by_text("Nothing matches this search.")).to_be_visible()
    await tab.page.get_by_role("searchbox").fill(f":{site.port}")
    await expect(row(tab)).to_be_visible()
    await expect(tab.page).to_have_url(re.compile(rf"q=%3A{site.port}"))
    async with asyncio.timeout(30):
        while await edge.ask() != "site /\n":
            await asyncio.sleep(0.05)


async def test_a_host_is_worked_on_asked_and_its_cache_purged(
    edge: Edge, site: Backend, visit: Visit
) -> None:
    await edge.with_blog(site, caching_enabled=True)
    tab = await arrive(visit, edge)
    page = tab.page
    await row(tab).get_by_role("link", name="More for blog.test").click()
    card = page.get_by_role("region", name="Maintenance")
    await card.get_by_label("Message for visitors").fill("Back <soon>")
    await card.get_by_role("button", name="Begin maintenance").click()
    await expect(card.locator(".badge")).to_have_text("On")
    await expect(page.locator(".top .badge")).to_have_text("In sync")
    while (answer := await edge.visit())[0] != 503:  # the badge may still be that of before
        await asyncio.sleep(0.05)
    assert "Back &lt;soon&gt;" in answer[1]
    await expect(card.get_by_role("button", name="Change the message")).to_be_hidden()
    await card.get_by_label("Message for visitors").fill("Soon")
    await card.get_by_role("button", name="Change the message").click()
    await expect(card.get_by_role("button", name="Change the message")).to_be_hidden()
    await page.locator(".tabs").get_by_role("link", name="Hosts").click()
    await expect(row(tab)).to_contain_text("Maintenance")
    await row(tab).get_by_role("link", name="More for blog.test").click()
    await expect(card.get_by_label("Message for visitors")).to_have_value("Soon")
    await card.get_by_role("button", name="End maintenance").click()
    await expect(card.get_by_role("button", name="Begin maintenance")).to_be_enabled()
    await expect(page.locator(".top .badge")).to_have_text("In sync")
    while await edge.ask() != "site /\n":
        await asyncio.sleep(0.05)

    upstreams = page.get_by_role("region", name="Upstream")
    await upstreams.get_by_role("button", name="Ask the upstreams now").click()
    line = upstreams.get_by_role("row").filter(has_text=f"127.0.0.1:{site.port}")
    await expect(line).to_contain_text("Edge")
    await expect(line).to_contain_text("200")
    await expect(line.locator(".badge")).to_have_text("Well")

    stored = edge.base / "cache" / "blog"
    stored.mkdir(exist_ok=True, parents=True)
    (stored / "copy").write_text("kept")
    cache = page.get_by_role("region", name="Cache")
    await cache.get_by_role("button", name="Purge the cache").click()
    await page.get_by_role("dialog").locator("button").first.click()
    assert (stored / "copy").exists()
    await cache.get_by_role("button", name="Purge the cache").click()
    await page.get_by_role("dialog").get_by_role("button", name="Purge the cache").click()
    await expect(cache.get_by_role("listitem")).to_have_text("Edge: 1 file deleted")
    assert not (stored / "copy").exists()

    await edge.with_blog(site, forward_port=free_port_number())
    await expect(cache).to_be_hidden()
    await upstreams.get_by_role("button", name="Ask the upstreams now").click()
    await expect(upstreams.locator("tbody tr")).to_contain_text("refused")
    await expect(upstreams.locator("tbody .badge")).to_have_text("Failing")


async def test_who_may_not_is_shown_how_it_is_and_asks_for_nothing_that_is_refused(
    workshop: Workshop, folder: Path, site: Backend, visit: Visit
) -> None:
    edge = Edge(workshop, folder, own_spec(folder / "base"))
    await edge.with_blog(site)
    await add(workshop, "Vera", Role.VIEWER)
    await add(workshop, "Otto", Role.OPERATOR)

    tab = await arrive(visit, edge, "/", "vera", USERS_PASSWORD)
    page = tab.page
    await page.get_by_role("link", name="Proxies").click()
    await expect(row(tab)).to_contain_text("In sync")
    await expect(row(tab).get_by_role("switch")).to_be_disabled()
    await expect(row(tab).get_by_role("switch")).to_have_attribute(
        "title", "Your role does not allow this."
    )
    for name in ("New host", "Deploy"):
        await expect(page.get_by_role("link", name=name)).to_be_hidden()
    await row(tab).get_by_role("link", name="Edge").click()
    await expect(page.get_by_text("1.22").first).to_be_visible()
    await expect(page.get_by_role("region", name="Kept releases").locator("li")).not_to_have_count(
        0
    )
    await expect(page.locator("hub-proxy-server button:enabled")).to_have_count(0)
    await tab.open("/proxies/hosts/blog")
    await expect(page.get_by_role("region", name="Maintenance")).to_contain_text(
        "Your role does not allow this."
    )
    await expect(page.locator("hub-proxy-host button:enabled")).to_have_count(0)
    await expect(page.get_by_role("link", name="Add a server")).to_be_hidden()
    audit = workshop.house.hub.audit
    await audit.flush()
    assert await audit.query(action="denied") == []

    tab = await arrive(visit, edge, "/proxies", "otto", USERS_PASSWORD)
    await expect(row(tab)).to_contain_text("In sync")
    await expect(row(tab).get_by_role("switch")).to_be_disabled()
    await expect(tab.page.get_by_role("link", name="New host")).to_be_hidden()
    await tab.open("/proxies/deploy?resource=proxy.host/blog")
    await expect(tab.page.get_by_text("No text differs from what is in force.")).to_be_visible()
    deploy = tab.page.locator("hub-proxy-deploy").get_by_role("button", name="Deploy")
    await expect(deploy).to_be_enabled()
    await tab.open("/proxies/hosts/blog")
    await expect(tab.page.get_by_role("button", name="Ask the upstreams now")).to_be_enabled()
    await expect(tab.page.get_by_role("button", name="Begin maintenance")).to_be_disabled()
    await audit.flush()
    assert await audit.query(action="denied") == []


async def test_what_the_authority_says_is_quoted_and_it_is_asked_again(
    edge: Edge, site: Backend, visit: Visit
) -> None:
    nobody = free_port_number()
    acme = {"directory": f"https://127.0.0.1:{nobody}/dir", "challenge": "http-01"}
    spec = {"name": "Blog", "domain_names": ["blog.test"], "provider": "acme", "acme": acme}
    async with aiohttp.ClientSession(headers=edge.hub.headers) as session:
        address = f"{edge.hub.url}/api/resources/proxy.certificate/blog"
        async with session.put(address, json=spec) as answer:
            assert answer.status == 201, await answer.text()
    await edge.with_blog(site, certificate_id="blog")
    tab = await arrive(visit, edge, "/proxies/certificates")
    card = tab.page.get_by_role("listitem").filter(has_text="blog.test")
    await expect(card).to_contain_text("Not issued yet")
    await expect(card.locator("pre")).to_contain_text(f"127.0.0.1:{nobody}")
    await card.get_by_role("button", name="Get it now: Blog").click()
    await expect(card.get_by_role("alert")).to_contain_text(f"127.0.0.1:{nobody}")
    await expect(card.get_by_role("alert")).to_contain_text("tried again at")
    await expect(card.get_by_role("button", name="Get it now: Blog")).to_be_enabled()


@pytest.mark.parametrize(
    ("locale", "scheme", "width"),
    [
        ("en-GB", "light", 1280),
        ("en-GB", "dark", 360),
        ("ar-EG", "dark", 1440),
        ("ar-EG", "light", 360),
    ],
)
async def test_no_state_has_an_accessibility_violation_or_scrolls_sideways(
    edge: Edge, site: Backend, visit: Visit, locale: str, scheme: str, width: int
) -> None:
    tab = await arrive(
        visit, edge, viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale,
        reduced_motion="reduce", bypass_csp=True,
    )  # fmt: skip
    page = tab.page
    axe = AXE.read_text()

    async def clean(state: str) -> None:
        await expect(page.get_by_text(LOADING)).to_have_count(0)
        await page.add_script_tag(content=axe)
        assert (state, await violations(tab)) == (state, [])
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert (state, wide) == (state, False)

    for path in ("", "/servers", "/certificates", "/deploy"):
        await tab.open(f"/proxies{path}")
        await page.locator(".empty").wait_for()
        await clean(f"empty {path}")
    await edge.with_blog(site, name="A blog with a name that is long enough to need two lines")
    await edge.put(
        "proxy.redirect/old", domain_names=[f"{n}.old.test" for n in range(9)], servers=["edge"],
        forward_domain_name="blog.test", enabled=False,
    )  # fmt: skip
    acme = {"directory": "https://127.0.0.1:1/dir", "challenge": "http-01"}
    certificate = {"domain_names": ["blog.test"], "provider": "acme", "acme": acme}
    headers = edge.hub.headers
    async with aiohttp.ClientSession(headers=headers) as session:
        for name, spec in (
            ("proxy.certificate/blog", certificate),
            (
                "proxy.host/blog",
                {
                    "domain_names": ["blog.test"], "servers": ["edge"], "advanced_config": "no on;",
                    "forward_host": "127.0.0.1", "forward_port": site.port,
                },
            ),
        ):  # fmt: skip
            async with session.put(f"{edge.hub.url}/api/resources/{name}", json=spec) as answer:
                assert answer.status in (200, 201), await answer.text()
    edge.site_file.write_text("# by hand\n")
    await tab.open("/proxies")
    await page.locator("tbody .badge.bad").first.wait_for()
    await clean("hosts")
    await tab.open("/proxies/servers/edge")
    await page.locator("hub-proxy-server .actions button").click()
    await page.locator("#drift").wait_for()
    await page.locator("hub-proxy-touched summary").click()
    await page.locator("hub-proxy-touched .text").wait_for()
    await clean("server")
    await page.locator("hub-proxy-server section .ends .primary").click()
    await page.locator("hub-job .badge.good").wait_for()
    await clean("overwritten")
    await tab.open("/proxies/servers")
    await page.locator("tbody .badge").first.wait_for()
    await clean("servers")
    await tab.open("/proxies/hosts/blog")
    await page.locator("#upstreams ~ button").click()
    await page.locator("tbody .badge").first.wait_for()
    await clean("host")
    await tab.open("/proxies/certificates")
    await page.locator(".all .note").wait_for()
    await clean("certificates")
    await tab.open("/proxies/deploy?resource=proxy.host/blog")
    await page.locator(".flaws").wait_for()
    await clean("deploy")
    await tab.open("/resources/proxy.host/blog?tab=configuration")
    await page.locator(".further summary").click()
    await page.locator(".further textarea").fill("gzip on;")
    await page.locator("hub-resource-edit .ends .primary").click()
    await page.locator("hub-proxy-rehearsal .badge").wait_for()
    await clean("review")
