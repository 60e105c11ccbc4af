"""The past on the page: charts, the logbook, the last day on cards, and the recorder itself."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e import past
from tests.e2e.conftest import CONFIG
from tests.e2e.visits import Tab, Visit
from tests.peers.hub import HubProcess

if TYPE_CHECKING:
    from playwright.async_api import Locator

pytestmark = pytest.mark.timeout(90)
SENSOR, ZONE, WARM = "sensor.demo_temperature", "climate.demo_zone", "binary_sensor.demo_warm"
PAINTED = """(canvas) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] > 200) colours.add(data[at] + "," + data[at + 1] + "," + data[at + 2]);
  }
  return colours.size;
}"""


@pytest.fixture
def lived(start_hub: Callable[..., HubProcess]) -> HubProcess:
    """A demo hub that has recorded its zone for two days."""
    hub = start_hub(CONFIG)
    past.write_day(hub.data, hours=50)
    return hub


async def charts(tab: Tab, count: int) -> list["Locator"]:
    """Wait for so many charts that have been painted."""
    canvas = tab.page.locator("hub-chart canvas")
    await expect(canvas).to_have_count(count)
    found = await canvas.all()
    for each in found:
        assert await each.evaluate(PAINTED) > 3
    return found


async def test_a_day_of_a_zone_is_drawn_and_stays_after_a_reload(
    lived: HubProcess, visit: Visit
) -> None:
    tab = await visit(lived)
    await tab.sign_in(f"/history?entities={SENSOR},{ZONE},{WARM}", stay=True)
    await charts(tab, 2)
    zone = tab.page.locator("hub-chart .plot").first
    said = await zone.get_attribute("aria-label")
    assert said is not None
    assert re.search(r"Demo Zone · Measured: lowest 18\.\d+, highest 2\d\.?\d*, last .* °C", said)
    bars = tab.page.locator("hub-chart .plot").last
    await expect(bars).to_have_attribute("aria-label", re.compile(r"Demo Warm: (On|Off)"))

    await tab.page.get_by_role("button", name="7 days").click()
    await expect(tab.page).to_have_url(re.compile("range=7d"))
    await charts(tab, 2)
    before = await zone.get_attribute("aria-label")
    assert before is not None
    await tab.page.reload()
    await charts(tab, 2)
    await expect(tab.page.get_by_role("button", name="7 days")).to_have_attribute(
        "aria-pressed", "true"
    )
    after = await zone.get_attribute("aria-label")
    assert after is not None
    assert re.findall(r"highest [\d.]+", after) == re.findall(r"highest [\d.]+", before)

    await tab.page.get_by_text("As a table").first.click()
    rows = tab.page.locator("hub-chart").first.locator("tbody tr")
    await expect(rows.first).to_be_visible()
    assert await rows.count() > 3


async def test_entities_are_chosen_by_typing_and_what_is_shown_is_downloaded(
    lived: HubProcess, visit: Visit
) -> None:
    tab = await visit(lived)
    await tab.sign_in("/history")
    field = tab.page.get_by_role("combobox", name="Add an entity")
    await field.fill("demo temp")
    await expect(tab.page.get_by_role("option")).to_have_count(1)
    await tab.page.keyboard.press("Enter")
    await expect(tab.page).to_have_url(re.compile(f"entities={SENSOR}"))
    await charts(tab, 1)
    async with tab.page.expect_download() as told:
        await tab.page.get_by_role("button", name="Download (CSV)").click()
    text = (await (await told.value).path()).read_text()
    lines = text.splitlines()
    assert lines[0] == "entity_id,what,time,value,unit"
    assert len(lines) > 100
    assert all(line.startswith(f"{SENSOR},state,20") for line in lines[1:])
    assert any(line.endswith(",,°C") for line in lines[1:]), "the hour away is a gap"

    plot = tab.page.locator("hub-chart .u-over")
    box = await plot.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    await tab.page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    await expect(tab.page.locator("hub-chart .moment")).to_be_visible()
    await tab.page.mouse.down()
    await tab.page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=4)
    await tab.page.mouse.up()
    await expect(tab.page).to_have_url(re.compile("from=20.*to=20"))
    await expect(tab.page.get_by_label("From", exact=True)).to_be_visible()
    await tab.page.keyboard.press("Escape")
    await tab.page.get_by_role("button", name=f"Remove {'Demo Temperature'}").click()
    await expect(tab.page.get_by_text("Choose what to look at")).to_be_visible()


async def test_the_details_draw_the_day_and_cards_have_a_line_of_it(
    lived: HubProcess, visit: Visit
) -> None:
    tab = await visit(lived)
    await tab.sign_in()
    line = tab.page.locator("hub-thermostat hub-spark path")
    await expect(line).to_have_attribute("d", re.compile(r"^M[\d.]+ [\d.]+(L|M)"))
    await tab.page.get_by_role("link", name="Workshop").click()
    await charts(tab, 2)
    await expect(tab.page.get_by_role("dialog").get_by_role("link", name="More")).to_be_visible()


async def test_the_logbook_tells_who_called_what(lived: HubProcess, visit: Visit) -> None:
    tab = await visit(lived)
    await tab.sign_in(stay=True)
    lamp = tab.page.get_by_role("switch", name="Lamp")
    await lamp.click()
    await expect(lamp).to_have_attribute("aria-checked", "true")
    await tab.open("/logbook?entities=switch.demo_lamp")
    entry = tab.page.locator("hub-logbook li").first
    await expect(entry).to_contain_text("Demo Lamp: On")
    await expect(entry).to_contain_text("by owner")
    await expect(entry).to_contain_text("switch.turn_on")
    await tab.page.request.post(
        f"{lived.url}/api/services/switch/turn_off",
        data={"entity_id": "switch.demo_lamp"},
        headers=lived.headers,
    )
    await expect(entry).to_contain_text("Demo Lamp: Off")
    await entry.get_by_role("link", name="Demo Lamp").click()
    await expect(tab.page.get_by_role("dialog")).to_contain_text("switch.demo_lamp")


async def test_the_recorder_tells_what_fills_it_and_purges(lived: HubProcess, visit: Visit) -> None:
    tab = await visit(lived)
    await tab.sign_in("/settings/recorder")
    page = tab.page.locator("hub-recorder")
    await expect(page).to_contain_text("Recording")
    await expect(page.get_by_role("row").filter(has_text=ZONE)).to_contain_text("B")
    await page.get_by_label("Keep this many days").fill("1")
    await page.get_by_role("button", name="Purge now").click()
    await expect(tab.page.get_by_role("dialog")).to_contain_text("older than a day?")
    await tab.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("status").last).to_contain_text("It has begun")
