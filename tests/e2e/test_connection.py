"""The hub goes and comes back while the page is open."""

import signal

from playwright.async_api import expect

from tests.e2e.visits import Visit, state_of
from tests.peers.hub import HubProcess


async def test_a_killed_hub_is_told_calmly_and_found_again(demo: HubProcess, visit: Visit) -> None:
    tab = await visit(demo)
    await tab.sign_in()
    await tab.page.evaluate("window.sameDocument = true")
    lamp = tab.page.get_by_role("switch", name="Lamp")
    await lamp.click()
    await expect(lamp).to_have_attribute("aria-checked", "true")
    demo.stop(signal.SIGKILL)
    banner = tab.page.get_by_text("The hub is away.")
    await expect(banner).to_be_visible()
    await expect(lamp).to_be_disabled()
    await expect(tab.page.get_by_role("spinbutton")).to_be_disabled()
    demo.start()
    await expect(banner).to_be_hidden()
    after = (await state_of(tab, "switch.demo_lamp"))["state"]
    await expect(lamp).to_have_attribute("aria-checked", "true" if after == "on" else "false")
    await expect(lamp).to_be_enabled()
    await lamp.click()
    await expect(lamp).to_have_attribute("aria-checked", "false" if after == "on" else "true")
    assert await tab.page.evaluate("window.sameDocument") is True
    tab.forgive()  # the refused connections in between


async def test_a_value_not_yet_sent_is_not_sent_later(demo: HubProcess, visit: Visit) -> None:
    tab = await visit(demo)
    await tab.sign_in()
    await tab.page.get_by_role("spinbutton").focus()
    demo.stop(signal.SIGKILL)
    await tab.page.keyboard.press("ArrowUp")
    await expect(tab.page.get_by_text("The hub is away.")).to_be_visible()
    demo.start()
    await expect(tab.page.get_by_text("The hub is away.")).to_be_hidden()
    await expect(tab.page.get_by_role("spinbutton")).to_have_value("21.0°")
    assert (await state_of(tab, "climate.demo_zone"))["attributes"]["temperature"] == 21.0
    tab.forgive()


async def test_a_revoked_session_leads_back_to_signing_in(demo: HubProcess, visit: Visit) -> None:
    one, other = await visit(demo), await visit(demo)
    await one.sign_in("/settings")
    await other.sign_in("/settings")
    rows = other.page.get_by_role("region", name="Signed-in").get_by_role("listitem")
    await rows.filter(has_not_text="this browser").get_by_role("button").first.click()
    await expect(one.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    await expect(other.page.get_by_role("heading", level=1)).to_have_text("Settings")
