"""From the page to the wire: a temperature set in the browser is read by a Modbus master."""

import asyncio
from collections.abc import Callable

from playwright.async_api import expect

from integrations.neasmart import dpt9
from integrations.neasmart.registers import (
    MODE,
    ZONE_SETPOINT,
    ZONE_STATE,
    ZONE_TEMPERATURE,
    Mode,
    State,
    zone,
)
from tests.e2e.visits import Visit
from tests.peers.hub import HubProcess
from tests.peers.modbus import Mbpoll
from tests.peers.ports import free_port_number, wait_for_port

CONFIG = "hub:\n  name: Heated house\nmqtt:\n  enabled: false\n"
RESOURCES = """
neasmart.installation/home:
  transport: {{type: tcp, host: 127.0.0.1, port: {port}}}
  bases:
    - number: 1
      zones: [{{channel: 1, name: Study, humidity: false}}]
"""


async def test_a_modbus_master_reads_what_the_page_set(
    start_hub: Callable[..., HubProcess], visit: Visit, mbpoll: Mbpoll
) -> None:
    port = free_port_number()
    hub = start_hub(CONFIG, resources=RESOURCES.format(port=port))
    await asyncio.to_thread(wait_for_port, port)
    tab = await visit(hub)
    first = zone(1, 1)

    async def write(address: int, value: int) -> None:
        await asyncio.to_thread(mbpoll.write, address, value, port=port)

    async def read() -> int:
        return (await asyncio.to_thread(mbpoll.read, first + ZONE_SETPOINT, port=port))[0]

    await write(MODE, Mode.HEATING)
    await write(first + ZONE_STATE, State.NORMAL)
    await write(first + ZONE_SETPOINT, dpt9.encode(20.0))
    await write(first + ZONE_TEMPERATURE, dpt9.encode(19.5))
    await tab.sign_in()
    target = tab.page.get_by_role("spinbutton", name="Study")
    await expect(target).to_have_value("20.0°")
    await target.focus()
    await tab.page.keyboard.press("ArrowUp")
    told = tab.page.locator("hub-thermostat").get_by_role("status")
    await expect(told).to_have_text("Waiting for confirmation")
    wanted = dpt9.encode(20.5)
    async with asyncio.timeout(30):
        while await read() != wanted:
            await asyncio.sleep(0.05)
    await expect(told).to_have_text("Fetched, not confirmed yet")
    await write(first + ZONE_SETPOINT, wanted)
    await expect(told).to_be_empty()
    await expect(target).to_have_value("20.5°")


async def test_an_installation_made_on_the_page_answers_and_its_zone_is_renamed_live(
    start_hub: Callable[..., HubProcess], visit: Visit, mbpoll: Mbpoll
) -> None:
    port = free_port_number()
    tab = await visit(start_hub(CONFIG))
    await tab.sign_in("/resources/neasmart.installation")
    page = tab.page
    await page.get_by_role("link", name="Create").first.click()
    await page.get_by_label("Key").fill("annex")
    await page.get_by_label("Name", exact=True).fill("Annex")
    await page.get_by_label("Host").fill("127.0.0.1")
    await page.get_by_label("Port").fill(str(port))
    bases = page.get_by_role("group", name="Bases")
    await bases.get_by_role("button", name="Add").click()
    await bases.get_by_label("Number required").fill("1")
    zones = bases.get_by_role("group", name="Zones")
    await zones.get_by_role("button", name="Add").click()
    await zones.get_by_label("Channel required").fill("1")
    await zones.get_by_label("Name required").fill("Guest room")
    await page.get_by_role("button", name="Review").click()
    step = page.locator(".steps li")
    await expect(step).to_contain_text(f"start the installation on 127.0.0.1:{port}")
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.get_by_text("Revision 1 is live.")).to_be_visible()
    await asyncio.to_thread(
        mbpoll.write, zone(1, 1) + ZONE_TEMPERATURE, dpt9.encode(19.5), port=port
    )

    await page.get_by_role("button", name="Done").click()
    await page.get_by_role("link", name="Configuration").click()
    await page.get_by_label("Name required").fill("Visitors")
    await page.get_by_role("button", name="Review").click()
    await expect(step).to_contain_text("rename zone 1-1 Guest room")
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.get_by_text("Revision 2 is live.")).to_be_visible()
    await page.get_by_role("link", name="Overview").first.click()
    await expect(page.get_by_role("spinbutton", name="Visitors")).to_be_visible()
