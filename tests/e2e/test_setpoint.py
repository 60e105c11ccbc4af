"""Setting a temperature: by keyboard, mouse, touch and typing, until the state confirms it."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e.visits import Tab, Visit, state_of
from tests.peers.hub import HubProcess

if TYPE_CHECKING:
    from playwright.async_api import Locator

ZONE = "climate.demo_zone"


def target(tab: Tab) -> "Locator":
    """Return the field of the wanted temperature."""
    return tab.page.get_by_role("spinbutton").first


async def confirmed(tab: Tab, value: float) -> None:
    """Wait until the hub has the value and the page no longer shows it as wanted."""
    async with asyncio.timeout(30):
        while (await state_of(tab, ZONE))["attributes"]["temperature"] != value:
            await asyncio.sleep(0.02)
    await expect(target(tab)).to_have_value(f"{value:.1f}°")
    await expect(target(tab)).to_have_attribute("aria-valuetext", f"{value:.1f}\u00a0°C")


async def test_the_keyboard_sets_it(demo: HubProcess, visit: Visit) -> None:
    tab = await visit(demo)
    await tab.sign_in()
    await target(tab).focus()
    await tab.page.keyboard.press("ArrowUp")
    await tab.page.keyboard.press("ArrowUp")
    await expect(target(tab)).to_have_attribute(
        "aria-valuetext", "22.0\u00a0°C, Waiting for confirmation"
    )
    await confirmed(tab, 22.0)
    await tab.page.keyboard.press("PageDown")
    await confirmed(tab, 21.0)
    await tab.page.keyboard.press("Home")
    await confirmed(tab, 5.0)
    await tab.page.keyboard.press("End")
    await confirmed(tab, 40.0)
    await expect(tab.page.get_by_role("button", name="Raise")).to_be_disabled()


async def test_the_mouse_sets_it(demo: HubProcess, visit: Visit) -> None:
    tab = await visit(demo)
    await tab.sign_in()
    raise_it = tab.page.get_by_role("button", name="Raise")
    for _ in range(3):
        await raise_it.click()
    await confirmed(tab, 22.5)
    rail = await tab.page.locator("hub-thermostat .track").bounding_box()
    assert rail is not None
    await tab.page.mouse.click(rail["x"] + rail["width"] * 0.2, rail["y"] + rail["height"] / 2)
    await confirmed(tab, 12.0)


async def test_touch_sets_it(demo: HubProcess, visit: Visit) -> None:
    tab = await visit(demo, viewport={"width": 390, "height": 800}, has_touch=True)
    await tab.sign_in()
    await tab.page.get_by_role("button", name="Lower").tap()
    await confirmed(tab, 20.5)


async def test_typing_sets_it_in_both_kinds_of_digits(demo: HubProcess, visit: Visit) -> None:
    tab = await visit(demo)
    await tab.sign_in()
    await target(tab).fill("18,5")
    await tab.page.keyboard.press("Enter")
    await confirmed(tab, 18.5)
    await target(tab).fill("١٩")
    await tab.page.keyboard.press("Tab")
    await confirmed(tab, 19.0)


async def test_a_value_out_of_range_is_refused_beside_the_field(
    demo: HubProcess, visit: Visit
) -> None:
    tab = await visit(demo)
    await tab.sign_in()
    await target(tab).fill("55")
    await tab.page.keyboard.press("Enter")
    told = tab.page.locator("hub-thermostat").get_by_role("status")
    await expect(told).to_contain_text("“55” is out of range: choose 5\u00a0°C to 40\u00a0°C")
    await expect(target(tab)).to_have_value("21.0°")
    await expect(target(tab)).to_have_attribute("aria-invalid", "true")
    await target(tab).fill("warm")
    await tab.page.keyboard.press("Enter")
    await expect(told).to_contain_text("“warm” is not a number")
    assert (await state_of(tab, ZONE))["attributes"]["temperature"] == 21.0


@pytest.mark.parametrize(
    ("label", "choice", "attribute"),
    [("Preset of", "party", "preset_mode"), ("Fan of", "high", "fan_mode")],
)
async def test_a_choice_is_set(
    demo: HubProcess, visit: Visit, label: str, choice: str, attribute: str
) -> None:
    tab = await visit(demo)
    await tab.sign_in()
    select = tab.page.get_by_role("combobox", name=label)
    await select.select_option(choice)
    async with asyncio.timeout(30):
        while (await state_of(tab, ZONE))["attributes"][attribute] != choice:
            await asyncio.sleep(0.02)
    await expect(select).to_have_value(choice)
