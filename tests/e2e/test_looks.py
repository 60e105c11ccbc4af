"""Languages, themes, sizes, accessibility, and the first view's weight."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import CONFIG, Workshop
from tests.e2e.lab import SERVER, TYPE
from tests.e2e.visits import Tab, Visit
from tests.peers.hub import HubProcess

pytestmark = pytest.mark.timeout(120)

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = (
    "/",
    "/entities",
    "/history?entities=sensor.demo_temperature,switch.demo_lamp",
    "/logbook",
    "/automations",
    "/automations/automation?new=1",
    "/automations/helpers",
    "/automations/references",
    "/resources",
    "/resources/host.server",
    "/resources/host.server?new=1",
    "/jobs",
    "/settings",
    "/settings/users",
    "/settings/policies",
    "/settings/audit",
    "/settings/recorder",
    "/?entity=climate.demo_zone",
)
FIRST_VIEW = 12
LOADING = re.compile("^(Loading|جارٍ التحميل)")
PHONE = {"width": 390, "height": 800}
NARROW = {"width": 360, "height": 740}

HELPERS = """
counter:
  visits: {name: Visits}
timer:
  tea: {name: Tea}
input_boolean:
  guests: {name: Guests}
input_number:
  level: {name: Level, min: 10, max: 20}
input_select:
  mode: {name: Mode, options: [Home, Away]}
input_text:
  note: {name: Note}
input_datetime:
  wake: {name: Wake, has_time: true}
input_button:
  ring: {name: Ring}
schedule:
  quiet: {name: Quiet, monday: [{from: "22:00:00", to: "23:59:00"}]}
automation:
  - id: evening
    alias: Evening
    triggers: [{trigger: state, entity_id: sensor.demo_phase, to: dusk}]
    actions:
      - if: "{{ is_state('switch.demo_lamp', 'on') }}"
        then: [{stop: It is on}]
        else: [{action: switch.turn_on, target: {entity_id: switch.demo_lamp}}]
      - action: counter.increment
        target: {entity_id: counter.visits}
      - action: switch.turn_off
        target: {entity_id: light.gone}
"""


async def violations(tab: Tab) -> list[str]:
    """Return what axe finds wrong, one line each."""
    found = await tab.page.evaluate(
        "async () => (await axe.run()).violations.flatMap("
        "(rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.failureSummary}`))"
    )
    return [str(line) for line in found]


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe."""
    if not AXE.is_file():
        pytest.fail("axe-core is missing: npm ci in frontend/", pytrace=False)
    return AXE.read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "ar-EG"])
async def test_no_page_has_an_accessibility_violation(
    shared: HubProcess, visit: Visit, axe: str, scheme: str, locale: str
) -> None:
    tab = await visit(
        shared, viewport=PHONE if scheme == "dark" else {"width": 1440, "height": 900},
        color_scheme=scheme, locale=locale, reduced_motion="reduce", bypass_csp=True,
    )  # fmt: skip
    await tab.open()
    await tab.page.locator("hub-login").wait_for()
    await tab.page.add_script_tag(content=axe)
    assert await violations(tab) == []
    await tab.sign_in(stay=True)
    for path in PAGES:
        await tab.open(path)
        await tab.page.locator("hub-app main").wait_for()
        await tab.page.locator("hub-app main h1").wait_for()
        await expect(tab.page.get_by_text(LOADING)).to_have_count(0)
        await tab.page.add_script_tag(content=axe)
        assert (path, await violations(tab)) == (path, [])
        wide = await tab.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert (path, wide) == (path, False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "ar-EG"])
async def test_no_state_of_a_resource_has_an_accessibility_violation(
    workshop: Workshop, visit: Visit, axe: str, scheme: str, locale: str
) -> None:
    zones = [{"name": "Kitchen", "channel": 1}]
    await workshop.house.hub.resources.put(SERVER, "nas", {"address": "10.0.0.2"})
    await workshop.put("home", zones=zones, server="nas", tags=["a"], labels={"b": "c"})
    await workshop.put("home", zones=zones, server="nas", tags=["b"], labels={"b": "c"})
    tab = await visit(
        workshop, viewport=NARROW if scheme == "dark" else {"width": 1280, "height": 900},
        color_scheme=scheme, locale=locale, reduced_motion="reduce", bypass_csp=True,
    )  # fmt: skip
    page = tab.page

    async def clean(state: str) -> None:
        await page.add_script_tag(content=axe)
        assert (state, await violations(tab)) == (state, [])
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert (state, wide) == (state, False)

    at = f"/resources/{TYPE}/home"
    await tab.sign_in(at, password="a-long-password", stay=True)
    await page.locator("hub-resource-overview").wait_for()
    await clean("overview")
    await tab.open(f"{at}?tab=history")
    await page.locator("hub-resource-history .actions button").first.click()
    await page.locator(".diff li").first.wait_for()
    await clean("history")
    await tab.open(f"{at}?tab=configuration")
    form = page.locator("hub-spec-form")
    await form.locator("input").first.fill("")
    await page.locator("hub-resource-edit .ends .primary").click()
    await page.locator(".summary").wait_for()
    await clean("form with a mistake")
    await form.locator("input").first.fill("Another name")
    await page.locator("hub-resource-edit .ends .primary").click()
    await page.locator(".steps li").first.wait_for()
    await clean("review")
    workshop.lab.gate.clear()
    await page.locator("hub-review .ends .primary").click()
    await page.locator("hub-job .log").wait_for()
    await clean("progress")
    workshop.lab.gate.set()
    await page.locator("hub-following .note.good").wait_for()
    await tab.open(f"/resources/{SERVER}/nas")
    await page.locator("hub-resource .actions .danger").click()
    await page.locator("hub-resource-remove .note").wait_for()
    await clean("deletion")


@pytest.mark.parametrize(
    ("locale", "scheme", "size"),
    [("en-GB", "light", {"width": 1280, "height": 800}), ("ar-EG", "dark", PHONE)],
)
async def test_no_state_of_an_automation_has_an_accessibility_violation(
    start_hub: Callable[..., HubProcess],
    visit: Visit,
    axe: str,
    locale: str,
    scheme: str,
    size: dict[str, int],
) -> None:
    hub = start_hub(CONFIG + HELPERS)
    tab = await visit(
        hub, viewport=size, color_scheme=scheme, locale=locale, reduced_motion="reduce",
        bypass_csp=True,
    )  # fmt: skip
    page = tab.page

    async def clean(state: str) -> None:
        await expect(page.get_by_text(LOADING)).to_have_count(0)
        await page.add_script_tag(content=axe)
        assert (state, await violations(tab)) == (state, [])
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert (state, wide) == (state, False)

    await tab.sign_in("/automations", stay=True)
    run = page.locator("hub-automation-row button").first
    await run.click()
    await clean("list")
    at = "/automations/automation?id=evening"
    for tab_name, shown in (
        ("overview", "hub-steps .node"),
        ("traces", "hub-trace .about"),
        ("configuration", "pre"),
        ("try_it", "hub-automation-try .primary"),
    ):
        await tab.open(f"{at}&tab={tab_name}")
        await page.locator(shown).first.wait_for()
        await clean(tab_name)
    await page.locator("hub-automation-try button").nth(1).click()
    await page.locator("hub-automation-try h2").first.wait_for()
    await clean("tried")
    await tab.open("/automations/helpers")
    await page.locator("hub-helper").first.wait_for()
    await clean("helpers")
    await tab.open("/automations/references")
    await page.get_by_text("light.gone").wait_for()
    await clean("references")
    await tab.open("/logbook")
    await page.locator("hub-logbook li").first.wait_for()
    await clean("logbook")
    await tab.open("/?entity=switch.demo_lamp")
    await page.locator("hub-entity-details p.further button").click()
    await page.locator("hub-rename #id").fill("switch.desk_lamp")
    await page.locator("hub-rename .primary").click()
    await page.locator("hub-rename .used").wait_for()
    await clean("rename")


async def test_arabic_turns_the_page_round(shared: HubProcess, visit: Visit) -> None:
    tab = await visit(shared, locale="ar-EG")
    await tab.sign_in()
    root = tab.page.locator("html")
    await expect(root).to_have_attribute("dir", "rtl")
    await expect(root).to_have_attribute("lang", "ar")
    await expect(tab.page.get_by_role("link", name="الكيانات")).to_be_visible()
    await tab.page.get_by_role("link", name="الإعدادات").click()
    await tab.page.locator("#language").select_option("en")
    await expect(root).to_have_attribute("dir", "ltr")
    await expect(tab.page.get_by_role("heading", level=1)).to_have_text("Settings")


async def test_the_theme_is_chosen_and_kept(shared: HubProcess, visit: Visit) -> None:
    tab = await visit(shared, color_scheme="light")
    await tab.sign_in("/settings", stay=True)
    await expect(tab.page.locator("html")).to_have_attribute("data-theme", "light")
    await tab.page.get_by_label("Theme").select_option("dark")
    await expect(tab.page.locator("html")).to_have_attribute("data-theme", "dark")
    await tab.page.reload()
    await expect(tab.page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_the_first_view_asks_for_little(shared: HubProcess, visit: Visit) -> None:
    tab = await visit(shared)
    await tab.sign_in(stay=True)
    tab.requests.clear()
    await tab.page.reload()
    await tab.page.locator("hub-thermostat").wait_for()
    await tab.page.wait_for_load_state("networkidle")
    assert len(tab.requests) <= FIRST_VIEW, tab.requests


async def test_a_long_lived_token_is_shown_once(shared: HubProcess, visit: Visit) -> None:
    tab = await visit(shared)
    await tab.sign_in("/settings", stay=True)
    await tab.page.get_by_label("Name of the new token").fill("Grafana")
    await tab.page.keyboard.press("Enter")
    shown = tab.page.get_by_label("Copy the token now")
    token = await shown.input_value()
    answer = await tab.page.request.get(
        f"{shared.url}/api/", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status == 200
    await tab.page.reload()
    revoke = tab.page.get_by_role("button", name="Revoke Grafana")
    await expect(revoke).to_be_visible()
    await expect(shown).to_be_hidden()
    await revoke.click()
    await expect(revoke).to_be_hidden()
    answer = await tab.page.request.get(
        f"{shared.url}/api/", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status == 401
