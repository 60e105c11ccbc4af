"""The long list, the search, the rows' controls and an entity's details."""

import asyncio
import re

import pytest
from playwright.async_api import WebSocketRoute, expect

from tests.e2e.visits import Tab, Visit, state_of, states_of
from tests.peers.hub import HubProcess

MANY = 2_000


async def fill(tab: Tab, count: int) -> None:
    """Write many states over REST."""
    for start in range(0, count, 100):
        numbers = range(start, min(start + 100, count))
        await asyncio.gather(*(write(tab, number, str(number)) for number in numbers))


async def write(tab: Tab, number: int, state: str) -> None:
    """Write one of the many states."""
    body = {"state": state, "attributes": {"friendly_name": f"Probe {number}"}}
    url = f"{tab.hub.url}/api/states/sensor.probe_{number:04}"
    await tab.page.request.post(url, data=body, headers=tab.hub.headers)


async def becomes(tab: Tab, entity_id: str, start: str) -> None:
    """Wait until the state at the hub begins with a text."""
    async with asyncio.timeout(30):
        while not (await state_of(tab, entity_id))["state"].startswith(start):
            await asyncio.sleep(0.02)


async def test_only_visible_rows_are_in_the_document(demo: HubProcess, visit: Visit) -> None:
    tab = await visit(demo)
    await tab.sign_in("/entities")
    await fill(tab, MANY)
    rows = tab.page.locator("hub-entities li")
    everything = len(await states_of(tab))
    assert everything > MANY
    await expect(tab.page.get_by_text(f"{everything:,} entities")).to_be_visible()
    assert await rows.count() < 40
    last = tab.page.get_by_role("link", name=f"Probe {MANY - 1}")
    await tab.page.keyboard.press("End")
    await expect(last).to_be_visible()
    assert await rows.count() < 40
    row = rows.filter(has=last)
    await expect(row).to_contain_text(str(MANY - 1))
    await write(tab, MANY - 1, "changed")
    await expect(row).to_contain_text("Changed")


async def test_the_search_is_in_the_address(shared: HubProcess, visit: Visit) -> None:
    tab = await visit(shared)
    await tab.sign_in("/entities", stay=True)
    await tab.page.get_by_role("searchbox").fill("workshop lamp")
    rows = tab.page.locator("hub-entities li")
    await expect(rows).to_have_count(1)
    await expect(tab.page).to_have_url(re.compile(r"\?q=workshop\+lamp$"))
    await tab.page.reload()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("switch.demo_lamp")


@pytest.mark.parametrize("locale", ["en-GB", "ar-EG"])
async def test_no_row_is_cut_on_a_phone(shared: HubProcess, visit: Visit, locale: str) -> None:
    tab = await visit(shared, viewport={"width": 390, "height": 800}, locale=locale)
    await tab.sign_in("/entities")
    states = tab.page.locator("hub-entities li .state")
    lamp = tab.page.locator("hub-entities li").filter(has_text="switch.demo_lamp")
    await expect(lamp.locator(".state")).to_be_visible()
    frame = await tab.page.locator("hub-entities ul").bounding_box()
    assert frame is not None
    for state in await states.all():
        box = await state.bounding_box()
        assert box is not None
        assert frame["x"] <= box["x"] <= box["x"] + box["width"] <= frame["x"] + frame["width"] + 1


async def test_rows_have_the_control_of_their_kind(shared: HubProcess, visit: Visit) -> None:
    tab = await visit(shared)
    await tab.sign_in()
    await tab.page.get_by_role("switch", name="Lamp").click()
    await tab.page.get_by_role("combobox", name="Scene").select_option("party")
    await tab.page.get_by_role("button", name="Press", exact=False).click()
    await becomes(tab, "switch.demo_lamp", "on")
    await becomes(tab, "select.demo_scene", "party")
    await becomes(tab, "button.demo_bell", "20")


async def test_a_number_is_typed_within_its_range(shared: HubProcess, visit: Visit) -> None:
    tab = await visit(shared)
    await tab.sign_in("/?entity=number.demo_level")
    level = tab.page.get_by_role("textbox", name="Level")
    await level.fill("70")
    await tab.page.keyboard.press("Enter")
    await becomes(tab, "number.demo_level", "70")
    await expect(level).to_have_value("70")
    await expect(tab.page.get_by_role("dialog")).to_contain_text("70")
    await level.fill("1000000")
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_role("alert")).to_contain_text("“1000000” is out of range")
    await expect(level).to_have_value("70")


async def test_a_number_that_is_refused_leaves_the_one_that_is_on_its_way(
    shared: HubProcess, visit: Visit
) -> None:
    tab = await visit(shared)
    held: list[tuple[WebSocketRoute, str | bytes]] | None = None

    async def slow(page: WebSocketRoute) -> None:
        hub = page.connect_to_server()
        page.on_message(hub.send)

        def tell(message: str | bytes) -> None:
            if held is None:
                page.send(message)
            else:
                held.append((page, message))

        hub.on_message(tell)

    await tab.page.route_web_socket(re.compile("/api/websocket"), slow)
    await tab.sign_in("/?entity=number.demo_level")
    level = tab.page.get_by_role("textbox", name="Level")
    before = await level.input_value()
    wanted = "30" if float(before) != 30 else "31"
    held = []
    await level.fill(wanted)
    await tab.page.keyboard.press("Enter")
    await becomes(tab, "number.demo_level", wanted)
    await level.fill("1000000")
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_role("alert")).to_contain_text("“1000000” is out of range")
    for page, message in held:
        page.send(message)
    held = None
    await expect(tab.page.get_by_role("dialog")).to_contain_text(wanted)
    await expect(level).to_have_value(wanted)


async def test_the_details_show_the_state_and_call_a_service(
    shared: HubProcess, visit: Visit
) -> None:
    tab = await visit(shared)
    await tab.sign_in()
    await tab.page.get_by_role("link", name="Workshop").click()
    dialog = tab.page.get_by_role("dialog")
    await expect(dialog).to_contain_text("climate.demo_zone")
    await expect(dialog).to_contain_text("target_temp_step")
    await dialog.get_by_label("Service", exact=True).select_option("set_temperature")
    await dialog.get_by_label("Temperature (required)").fill("23.5")
    await dialog.get_by_role("button", name="Call").click()
    await expect(dialog.get_by_text("Done")).to_be_visible()
    await expect(dialog.get_by_role("spinbutton").first).to_have_value("23.5°")
    await dialog.get_by_label("Write the data as JSON").check()
    await dialog.get_by_label("Service data").fill('{"temperature": 99}')
    await dialog.get_by_role("button", name="Call").click()
    await expect(dialog.get_by_role("status").last).to_contain_text("99")
    await tab.page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(tab.page).not_to_have_url(re.compile("entity="))
